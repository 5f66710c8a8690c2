// Which packs a check reads: "2/10", "5%", "10G".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/context.hpp"
#include "base/id.hpp"

namespace sapdr::core {

class Subset {
 public:
  // Empty text: everything. Throws Code::invalid_argument.
  explicit Subset(std::string_view text);

  struct Pack {
    uint32_t number;
    Id id;
    uint64_t size;
  };
  // "n/t": the packs whose id falls into the n-th of t parts, always the same ones; a share or an
  // amount: at random.
  std::vector<Pack> choose(std::vector<Pack> packs, const Context& context) const;

 private:
  uint64_t part_ = 1;
  uint64_t parts_ = 1;
  double share_ = 1;
  uint64_t bytes_ = UINT64_MAX;
};

}  // namespace sapdr::core
