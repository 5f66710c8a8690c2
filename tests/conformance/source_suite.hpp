// What every source has to keep: the contract at the top of lib/repository/source.hpp. A new source
// calls test_source() with a factory.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "repository/source.hpp"

namespace sapdr::test {

// Path below the root of the source, "sub/file", and content.
using SourceFiles = std::map<std::string, std::string>;

struct TestSource {
  std::unique_ptr<core::Source> source;
  std::string root;  // where the files are in the snapshot; "" or "/dump"
  // Called with the path of each file when it was pushed and nobody has opened it yet.
  std::function<void(const std::string& path)> before_opening = [](const std::string&) {};
  std::shared_ptr<void> keep = {};  // what the source needs
};

// Makes a source of these files. The one named `broken`, if there is one, fails when it is opened
// or read.
using SourceFactory =
    std::function<TestSource(const SourceFiles& files, const std::string& broken)>;

void test_source(const SourceFactory& make);

}  // namespace sapdr::test
