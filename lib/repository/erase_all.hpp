// Removing many objects.
#pragma once

#include <functional>
#include <vector>

#include "base/id.hpp"
#include "storage/backend.hpp"

namespace sapdr::core {

// Removes objects of one type, as many at once as the storage can use. One that is gone already is
// fine. `before` each, from several threads at once; `after` each with its place among `ids`, one
// call at a time. The first failure, also of these two, ends it and is thrown: the rest stays.
void erase_all(
    Backend& backend, FileType type, const std::vector<Id>& ids,
    const std::function<void()>& before,
    const std::function<void(size_t at)>& after = [](size_t) {});

}  // namespace sapdr::core
