// How far the second copy of a storage account is behind the first one.
#pragma once

#include <optional>

#include "base/time.hpp"
#include "storage/azure_blob/blob_client.hpp"

namespace sapdr::core {

// All that was stored before this time is in the second copy; nothing if the service does not know.
// `client` is of the second copy: only it tells. Throws what the service answers.
std::optional<UnixNs> last_sync_time(const BlobClient& client);

// The answer to the question, XML. Throws Code::network if it is none.
std::optional<UnixNs> parse_last_sync(ByteView answer);

}  // namespace sapdr::core
