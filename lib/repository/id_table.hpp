// What an index of millions of ids is made of: a list that grows without moving its elements or
// asking for more than it needs, and a hash table of numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/id.hpp"

namespace sapdr::core {

// Elements by number, from 0.
template <class T>
class Segments {
 public:
  size_t size() const { return size_; }
  const T& operator[](size_t at) const { return segments_[at / per_segment][at % per_segment]; }
  void push_back(const T& element) {
    if (size_ % per_segment == 0) {
      segments_.push_back(std::make_unique_for_overwrite<T[]>(per_segment));
    }
    segments_.back()[size_++ % per_segment] = element;
  }
  void clear() {
    segments_.clear();
    size_ = 0;
  }

 private:
  static constexpr size_t per_segment = 1 << 14;

  std::vector<std::unique_ptr<T[]>> segments_;
  size_t size_ = 0;
};

// Numbers by the id of what they number, which the table does not keep: `id_at(number)` gives it.
// 5.4 to 7.1 bytes a number, since it grows by a third when three quarters are taken. Open
// addressing; ids are uniformly distributed, so that they are their own hash. The same id may be in
// it several times.
class IdTable {
 public:
  // Calls `each(number)` for all numbers whose ids may be `id`, until it returns true.
  template <class Each>
  void for_each_candidate(const Id& id, Each each) const {
    if (slots_.empty()) return;
    for (size_t at = slot(id); slots_[at] != 0; at = next(at)) {
      if (each(slots_[at] - 1)) return;
    }
  }
  template <class IdAt>
  void insert(const Id& id, uint32_t number, IdAt id_at) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow(id_at);
    ++size_;
    put(id, number + 1);
  }
  void clear() {
    slots_.clear();
    size_ = 0;
  }

 private:
  // The hash as a fraction of the table.
  size_t slot(const Id& id) const {
    __extension__ using Wide = unsigned __int128;
    return static_cast<size_t>(Wide{IdHash{}(id)} * slots_.size() >> 64);
  }
  size_t next(size_t at) const { return at + 1 == slots_.size() ? 0 : at + 1; }
  void put(const Id& id, uint32_t value) {
    size_t at = slot(id);
    while (slots_[at] != 0) at = next(at);
    slots_[at] = value;
  }
  template <class IdAt>
  void grow(IdAt id_at) {
    const std::vector<uint32_t> old = std::move(slots_);
    slots_.assign(old.empty() ? 1024 : old.size() + old.size() / 3, 0);
    for (const uint32_t value : old) {
      if (value != 0) put(id_at(value - 1), value);
    }
  }

  std::vector<uint32_t> slots_;  // number + 1; 0: free
  size_t size_ = 0;
};

}  // namespace sapdr::core
