// All that can be done with a repository, as what calls are made to fail in.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "place.hpp"

namespace sapdr::test {

struct Operation {
  using Step = std::function<void(const Place& place)>;

  std::string name;
  Step run;
  Step prepare = [](const Place&) {};    // before it, with no fault
  Step finish = [](const Place&) {};     // after it, however it ended: what a user would do then
  Step succeeded = [](const Place&) {};  // if it said that it went well: did it?
};

const std::vector<Operation>& operations();

}  // namespace sapdr::test
