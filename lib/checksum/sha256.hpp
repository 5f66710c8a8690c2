// SHA-256.
#pragma once

#include <memory>

#include "base/id.hpp"

namespace sapdr::core {

Id sha256(ByteView data);

// Of a stream.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(ByteView data);
  // The hash of all that was given; starts anew.
  Id finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sapdr::core
