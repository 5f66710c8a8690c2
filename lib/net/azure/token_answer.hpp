// What is said to who asks for a token: the token, or why there is none. From outside: hostile.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "net/azure/issuer.hpp"

namespace sapdr::core {

// An answer of Entra ID, IMDS or App Service to what was asked at `asked`. Lifetimes are counted
// from then, so that a clock that is wrong does no harm, unless only the end is told. `who`
// answered, for messages. Throws Code::corrupt.
IssuedToken parse_token_answer(std::string_view text, UnixNs asked, std::string_view who);

// What `az account get-access-token --output json` prints. Throws Code::corrupt.
IssuedToken parse_cli_answer(std::string_view text, std::string_view who);

// Why there is no token. Empty where nothing was said.
struct Refusal {
  std::string error;        // "invalid_client"
  std::string description;  // as it came: long, with newlines
  std::string code;         // "AADSTS7000215"
  std::string trace_id;
  std::string correlation_id;
};

// Never throws for what is no refusal: it is one without words.
Refusal parse_refusal(std::string_view text);

// "WHO refused the client secret of …: AADSTS7000215: Invalid client secret provided." with code
// and ids as details; without `secrets`, whoever wrote them into the description.
Error refusal_error(const Refusal& refusal, unsigned status, std::string_view identity,
                    std::initializer_list<std::string_view> secrets = {});

}  // namespace sapdr::core
