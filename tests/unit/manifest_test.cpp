#include "checksum/manifest.hpp"

#include <map>

#include "base/fd.hpp"
#include "checksum/sha256.hpp"
#include "support.hpp"
#include "support/files.hpp"

namespace sapdr::test {

namespace {

const Id id = sha256(as_bytes("x"));
const std::string hex = id.hex();

// The name that a line gives the hash of "x"; "!" and the problem if there is none.
std::string name_in(const std::string& line) {
  try {
    const ManifestEntry entry = parse_manifest_line(line);
    CHECK(entry.id == id);
    return entry.name;
  } catch (const Error& error) {
    CHECK(error.code() == Code::corrupt);
    return "!" + error.message();
  }
}

std::vector<ManifestReader::Line> lines_of(const std::string& content) {
  const TempDir dir;
  write_file(dir / "manifest", content);
  const Fd fd(::open((dir / "manifest").c_str(), O_RDONLY | O_CLOEXEC));
  ManifestReader reader(fd.get(), dir / "manifest");
  std::vector<ManifestReader::Line> lines;
  while (auto line = reader.next()) lines.push_back(*std::move(line));
  return lines;
}

}  // namespace

TEST_CASE("manifest: lines are those of sha256sum") {
  CHECK(manifest_line(id, "a b") == hex + "  a b\n");
  CHECK(manifest_line(id, " *") == hex + "   *\n");
  CHECK(manifest_line(id, "caf\xe9") == hex + "  caf\xe9\n");
  CHECK(manifest_line(id, "a\nb\rc\\d") == "\\" + hex + "  a\\nb\\rc\\\\d\n");
  CHECK(manifest_line(id, "-") == hex + "  ./-\n");
  CHECK(manifest_line(id, "a/-") == hex + "  a/-\n");
}

TEST_CASE("manifest: the forms that are read") {
  for (const std::string& line :
       {hex + "  a", hex + " *a", hex + " a", hex + "\t a", "  " + hex + "  a", "\\" + hex + "  a",
        "SHA256 (a) = " + hex, "SHA256(a)=" + hex, "\\SHA256 (a) = " + hex}) {
    CHECK_MESSAGE(name_in(line) == "a", line);
  }
  std::string upper = hex;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  CHECK(name_in(upper + "  a") == "a");
  CHECK(name_in(hex + "   a ") == " a ");
  CHECK(name_in(hex + "  a\\n") == "a\\n");  // escapes count only behind a leading backslash
  CHECK(name_in("\\" + hex + "  a\\n\\r\\\\n") == "a\n\r\\n");
  CHECK(name_in("SHA256 (a) = (b)) = " + hex) == "a) = (b)");
  CHECK(name_in(hex + "  /../..") == "/../..");  // names are only ever read
}

TEST_CASE("manifest: malformed lines say what is wrong") {
  const std::map<std::string, std::string> cases = {
      {"", "!does not say \"HASH  NAME\""},
      {"nonsense", "!does not say \"HASH  NAME\""},
      {hex, "!does not say \"HASH  NAME\""},
      {hex + " ", "!does not say \"HASH  NAME\""},
      {hex + "0  a", "!does not say \"HASH  NAME\""},
      {hex.substr(1) + "  ab", "!has no SHA-256 where one is to be"},
      {"g" + hex.substr(1) + "  a", "!has no SHA-256 where one is to be"},
      {S("\\") + hex + "  a\\", "!has a backslash that means nothing in the name of the file"},
      {S("\\") + hex + "  a\\x", "!has a backslash that means nothing in the name of the file"},
      {hex + "  a" + S("\0") + "b", "!has a NUL in it"},
      {"SHA256 (a = " + hex, "!does not say \"SHA256 (NAME) = HASH\""},
      {"SHA256 (a) " + hex, "!does not say \"SHA256 (NAME) = HASH\""},
      {"SHA256", "!does not say \"SHA256 (NAME) = HASH\""},
      {"SHA256 )", "!does not say \"SHA256 (NAME) = HASH\""},
      {"SHA256 () = " + hex, "!names no file"},
      {"SHA256 (a) = " + hex + " ", "!has no SHA-256 where one is to be"},
      {"SHA256 (a) = ", "!has no SHA-256 where one is to be"},
  };
  for (const auto& each : cases) CHECK_MESSAGE(name_in(each.first) == each.second, each.first);
}

TEST_CASE("manifest: any name comes back, and damage is survived") {
  Random random;
  for (int i = 0; i < 2000; ++i) {
    std::string name = random.name(40);
    std::erase(name, '\0');
    if (name.empty() || name == "-") continue;
    const std::string line = manifest_line(id, name);
    REQUIRE(line.find('\n') == line.size() - 1);
    REQUIRE(name_in(line.substr(0, line.size() - 1)) == name);
  }
  const auto parse = [](const std::string& line) { parse_manifest_line(line); };
  survive_damage(hex + "  some/file", parse);
  survive_damage("\\" + hex + " *some\\nfile\\\\", parse);
  survive_damage("SHA256 (file) = " + hex, parse);
}

TEST_CASE("manifest: a file of lines, with their numbers") {
  const auto lines = lines_of("# comment\n" + hex + "  a\n\n\r\nnonsense\n" + hex + "  b\r\n" +
                              hex + "  last without a newline");
  REQUIRE(lines.size() == 4);
  CHECK((lines[0].number == 2 && lines[0].entry.value().name == "a"));
  CHECK((lines[1].number == 5 && !lines[1].entry && !lines[1].problem.empty()));
  CHECK((lines[2].number == 6 && lines[2].entry.value().name == "b"));
  CHECK((lines[3].number == 7 && lines[3].entry.value().name == "last without a newline"));
  CHECK(lines_of("").empty());
  CHECK(lines_of("\n\n").empty());
}

TEST_CASE("manifest: long lines are bounded, and the next one is read") {
  const std::string longest(64 * 1024 - 66, 'n');
  const auto lines = lines_of(hex + "  " + longest + "\n" + hex + "  " + longest + "n\n" +
                              std::string(1'000'000, 'z') + "\n" + hex + "  a\n");
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].entry.value().name == longest);
  CHECK(lines[1].problem == "is longer than 65536 bytes");
  CHECK(lines[2].problem == "is longer than 65536 bytes");
  CHECK((lines[3].number == 4 && lines[3].entry.value().name == "a"));
}

TEST_CASE("manifest: what cannot be read is an error") {
  const TempDir dir;
  const Fd folder(::open(dir.path().c_str(), O_RDONLY | O_CLOEXEC));
  ManifestReader reader(folder.get(), dir.path());
  CHECK(code_of([&] { reader.next(); }) == Code::io);
}

}  // namespace sapdr::test
