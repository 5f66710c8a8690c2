#include "format/tree.hpp"

#include <sys/stat.h>

#include "support.hpp"

using namespace sapdr::test;

namespace {

// From a repository that restic 0.14 wrote, in Central European Time.
const std::string restic_tree =
    R"({"nodes":[{"name":"\u003c\u003e\u0026","type":"file","mode":420,"mtime":"2026-11-23T)"
    R"(01:00:43.241722414+01:00","atime":"2026-11-23T01:00:43.241722414+01:00","ctime":"202)"
    R"(6-11-23T01:00:43.241722414+01:00","uid":0,"gid":0,"user":"root","group":"root","inod)"
    R"(e":9995616,"device_id":65024,"links":1,"content":[]},{"name":"a","type":"file","mode)"
    R"(":8389101,"mtime":"2026-11-23T01:00:43.235670021+01:00","atime":"2026-11-23T01:00:43)"
    R"(.235670021+01:00","ctime":"2026-11-23T01:00:43.245658307+01:00","uid":0,"gid":0,"use)"
    R"(r":"root","group":"root","inode":9995606,"device_id":65024,"size":1,"links":2,"exten)"
    R"(ded_attributes":[{"name":"user.foo","value":"YmFy"},{"name":"user.empty","value":""})"
    R"(],"content":["2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"]},{")"
    R"(name":"bell\\a\\b\\f\\v","type":"file","mode":420,"mtime":"2026-11-23T01:00:43.24172)"
    R"(2414+01:00","atime":"2026-11-23T01:00:43.241722414+01:00","ctime":"2026-11-23T01:00:)"
    R"(43.241722414+01:00","uid":0,"gid":0,"user":"root","group":"root","inode":9995614,"de)"
    R"(vice_id":65024,"links":1,"content":[]},{"name":"empty","type":"file","mode":420,"mti)"
    R"(me":"2026-11-23T01:00:43.235670021+01:00","atime":"2026-11-23T01:00:43.235670021+01:)"
    R"(00","ctime":"2026-11-23T01:00:43.235670021+01:00","uid":0,"gid":0,"user":"root","gro)"
    R"(up":"root","inode":9995607,"device_id":65024,"links":1,"content":[]},{"name":"fifo",)"
    R"("type":"fifo","mode":33554852,"mtime":"2026-11-23T01:00:43.237079454+01:00","atime":)"
    R"("2026-11-23T01:00:43.237079454+01:00","ctime":"2026-11-23T01:00:43.237079454+01:00",)"
    R"("uid":0,"gid":0,"user":"root","group":"root","inode":9995610,"device_id":65024,"cont)"
    R"(ent":null},{"name":"link2","type":"symlink","mode":134218239,"mtime":"2026-11-23T01:)"
    R"(00:43.237079454+01:00","atime":"2026-11-23T01:00:43.237079454+01:00","ctime":"2026-1)"
    R"(1-23T01:00:43.237079454+01:00","uid":0,"gid":0,"user":"root","group":"root","inode":)"
    R"(9995609,"device_id":65024,"links":1,"linktarget":"plain","content":null},{"name":"ls)"
    R"(\\u2028ps\\u2029","type":"file","mode":420,"mtime":"2026-11-23T01:00:43.241722414+01)"
    R"(:00","atime":"2026-11-23T01:00:43.241722414+01:00","ctime":"2026-11-23T01:00:43.2417)"
    R"(22414+01:00","uid":0,"gid":0,"user":"root","group":"root","inode":9995617,"device_id)"
    R"(":65024,"links":1,"content":[]},{"name":"nm\\xff\\xfe","type":"file","mode":420,"mti)"
    R"(me":"2026-11-23T01:00:43.241722414+01:00","atime":"2026-11-23T01:00:43.241722414+01:)"
    R"(00","ctime":"2026-11-23T01:00:43.241722414+01:00","uid":0,"gid":0,"user":"root","gro)"
    R"(up":"root","inode":9995611,"device_id":65024,"links":1,"content":[]},{"name":"quo)"
    R"(\\\"te\\\\back","type":"file","mode":420,"mtime":"2026-11-23T01:00:43.241722414+01:0)"
    R"(0","atime":"2026-11-23T01:00:43.241722414+01:00","ctime":"2026-11-23T01:00:43.241722)"
    R"(414+01:00","uid":0,"gid":0,"user":"root","group":"root","inode":9995615,"device_id":)"
    R"(65024,"links":1,"content":[]},{"name":"sub","type":"dir","mode":2151678440,"mtime":")"
    R"(2026-11-23T01:00:43.248199804+01:00","atime":"2026-11-23T01:00:43.248199804+01:00",")"
    R"(ctime":"2026-11-23T01:00:43.248199804+01:00","uid":0,"gid":0,"user":"root","group":")"
    R"(root","inode":9995407,"device_id":65024,"content":null,"subtree":"342ae37519a7a28416)"
    R"(dbf2014767dd1e5c0b0ff8b1eec488922711f747419e74"},{"name":"😀","type":"file","mode":42)"
    R"(0,"mtime":"2026-11-23T01:00:43.241722414+01:00","atime":"2026-11-23T01:00:43.2417224)"
    R"(14+01:00","ctime":"2026-11-23T01:00:43.241722414+01:00","uid":0,"gid":0,"user":"root)"
    R"(","group":"root","inode":9995618,"device_id":65024,"links":1,"content":[]}]})"
    "\n";

// Made with Go from the fields of restic 0.19.
const std::string go_nodes[] = {
    R"({"name":"a\\xff\\\"\u003c","type":"file","mode":8389028,"mtime":"2026-11-23T01:02:03)"
    R"(.123456789+01:00","atime":"2026-11-23T01:02:03+01:00","ctime":"1970-01-01T00:59:59.5)"
    R"(+01:00","uid":1,"gid":2,"user":"u","group":"g","inode":18446744073709551615,"device_)"
    R"(id":65024,"size":5,"links":2,"extended_attributes":[{"name":"user.a","value":"YgA="})"
    R"(,{"name":"user.e","value":""}],"content":["01010101010101010101010101010101010101010)"
    R"(10101010101010101010101","0202020202020202020202020202020202020202020202020202020202)"
    R"(020202"]})",
    R"({"name":"d","type":"dir","mode":2148532717,"mtime":"1970-01-01T01:00:00+01:00","atim)"
    R"(e":"1970-01-01T01:00:00+01:00","ctime":"1970-01-01T01:00:00+01:00","uid":0,"gid":0,")"
    R"(content":null,"subtree":"04040404040404040404040404040404040404040404040404040404040)"
    R"(40404"})",
    R"({"name":"e","type":"file","mtime":"1970-01-01T01:00:00+01:00","atime":"1970-01-01T01)"
    R"(:00:00+01:00","ctime":"1970-01-01T01:00:00+01:00","uid":0,"gid":0,"content":[],"erro)"
    R"(r":"oh \"no\""})",
    R"({"name":"l","type":"symlink","mode":134218239,"mtime":"1970-01-01T01:00:00+01:00","a)"
    R"(time":"1970-01-01T01:00:00+01:00","ctime":"1970-01-01T01:00:00+01:00","uid":0,"gid":)"
    R"(0,"linktarget":"x\ufffd\b\u003c","linktarget_raw":"eP8IPA==","content":null})",
    R"({"name":"m","type":"symlink","mode":134218239,"mtime":"1970-01-01T01:00:00+01:00","a)"
    R"(time":"1970-01-01T01:00:00+01:00","ctime":"1970-01-01T01:00:00+01:00","uid":0,"gid":)"
    R"(0,"linktarget":"é/\u2028","content":null})",
    R"({"name":"n","type":"chardev","mode":69206400,"mtime":"1970-01-01T01:00:00+01:00","at)"
    R"(ime":"1970-01-01T01:00:00+01:00","ctime":"1970-01-01T01:00:00+01:00","uid":0,"gid":0)"
    R"(,"links":1,"device":259,"content":null})",
};

std::vector<Node> parse_node(const std::string& json) {
  return parse_tree("{\"nodes\":[" + json + "]}", "test");
}

std::string node_json(const Node& node) {
  std::string out;
  append_node(out, node);
  return out;
}

Node random_node(Random& random) {
  Node node;
  node.name = random.name(30);
  node.type = static_cast<NodeType>(random.below(8));
  node.mode = random.number32();
  for (UnixNs* time : {&node.mtime, &node.atime, &node.ctime}) {
    *time = static_cast<UnixNs>(random.number());
  }
  node.uid = random.number32();
  node.gid = random.number32();
  node.user = random.text(8);
  node.group = random.text(8);
  for (uint64_t* n : {&node.inode, &node.device_id, &node.size, &node.links, &node.device}) {
    *n = random.below(2) == 0 ? 0 : random.number();
  }
  node.link_target = random.name(20);
  for (uint64_t n = random.below(3); n > 0; --n) {
    node.xattrs.push_back({random.text(10), random.bytes(random.below(20))});
  }
  if (node.type == NodeType::file) {
    for (uint64_t n = random.below(4); n > 0; --n) node.content.push_back(random.id());
  }
  if (random.below(3) == 0) node.subtree = random.id();
  if (random.below(3) == 0) node.error = random.text(20);
  return node;
}

Code code_of_node(const std::string& json) {
  return code_of([&] { parse_node(json); });
}

}  // namespace

TEST_CASE("tree: what restic wrote is read and written again byte for byte") {
  const std::vector<Node> nodes = parse_tree(restic_tree, "test");
  REQUIRE(nodes.size() == 11);
  CHECK(tree_json(nodes) == restic_tree);
  CHECK(nodes[0].name == "<>&");
  CHECK(nodes[2].name == "bell\a\b\f\v");
  CHECK(nodes[1].xattrs == std::vector<ExtendedAttribute>{{"user.foo", "bar"}, {"user.empty", ""}});
  CHECK(posix_permissions(nodes[1].mode) == 04755);
}

TEST_CASE("tree: every field, as Go writes it") {
  for (const std::string& json : go_nodes) {
    const std::vector<Node> nodes = parse_node(json);
    REQUIRE(nodes.size() == 1);
    CHECK(node_json(nodes[0]) == json);
  }
  const Node file = parse_node(go_nodes[0])[0];
  CHECK(file.name == "a\xff\"<");
  CHECK(file.type == NodeType::file);
  CHECK(file.mtime == 1795392123123456789);
  CHECK(file.ctime == -500'000'000);
  CHECK(file.inode == std::numeric_limits<uint64_t>::max());
  CHECK(file.xattrs[0].value == S("b\0"));
  CHECK(file.content.size() == 2);
  CHECK(parse_node(go_nodes[1])[0].subtree.has_value());
  CHECK(parse_node(go_nodes[2])[0].error == "oh \"no\"");
  CHECK(parse_node(go_nodes[3])[0].link_target == "x\xff\b<");
  CHECK(parse_node(go_nodes[5])[0].device == 259);
}

TEST_CASE("tree: random nodes come back") {
  Random random;
  for (int i = 0; i < 500; ++i) {
    const Node node = random_node(random);
    REQUIRE(parse_node(node_json(node)).at(0) == node);
  }
}

TEST_CASE("tree: names of attributes that are not UTF-8 are kept where restic does not look") {
  Node node;
  node.xattrs = {{"user.\xff", "odd"}, {"user.a", "1"}, {"\xc3", ""}};
  const std::string json = node_json(node);
  CHECK(json.find(R"("extended_attributes":[{"name":"user.a","value":"MQ=="}],)"
                  R"("extended_attributes_raw":[{"name":"dXNlci7/","value":"b2Rk"},)"
                  R"({"name":"ww==","value":""}],)") != std::string::npos);
  CHECK(parse_node(json).at(0).xattrs ==
        std::vector<ExtendedAttribute>{{"user.a", "1"}, {"user.\xff", "odd"}, {"\xc3", ""}});
  node.xattrs = {{"user.\xff", "odd"}};
  CHECK(parse_node(node_json(node)).at(0) == node);
}

TEST_CASE("tree: empty, and with members that are unknown or null") {
  CHECK(tree_json({}) == "{\"nodes\":[]}\n");
  CHECK(parse_tree("{\"nodes\":[]}\n", "test").empty());
  CHECK(parse_tree("{\"nodes\":null}", "test").empty());
  const auto nodes = parse_tree(
      R"({"a":1,"nodes":[{"name":"x","type":"file","mtime":null,"uid":null,"content":null,)"
      R"("generic_attributes":{"windows.creation_time":"AA=="},"z":{}}],"b":2})",
      "test");
  REQUIRE(nodes.size() == 1);
  Node expected;
  expected.name = "x";
  CHECK(nodes[0] == expected);
}

TEST_CASE("tree: a type of the future is irregular and keeps what it refers to") {
  const Node node = parse_node(R"({"name":"x","type":"whiteout","content":[")" + Id().hex() +
                               R"("],"subtree":")" + Id().hex() + "\"}")[0];
  CHECK(node.type == NodeType::irregular);
  CHECK(node.content.size() == 1);
  CHECK(node.subtree.has_value());
}

TEST_CASE("tree: hostile names are read, and known as unsafe") {
  const Node node = parse_node(R"({"name":"..\\u002f\\x00","type":"dir"})")[0];
  CHECK(node.name == S("../\0"));
  for (const std::string& name : {S(""), S("."), S(".."), S("/"), S("a/b"), S("a\0b"), S("\0"),
                                  S("../x"), S("/etc/passwd")}) {
    CHECK_FALSE(is_safe_name(name));
  }
  for (const std::string& name :
       {S("a"), S("..."), S(".a"), S("a."), S("\\"), S("\n"), S("\xff")}) {
    CHECK(is_safe_name(name));
  }
}

TEST_CASE("tree: rejects what is no tree") {
  CHECK(code_of_node(R"({"name":"x","type":"file"})") == Code::ok);
  CHECK(code_of_node(R"({"type":"file"})") == Code::corrupt);
  CHECK(code_of([] { parse_tree("[]", "test"); }) == Code::corrupt);
  CHECK(code_of([] { parse_tree("{\"nodes\":{}}", "test"); }) == Code::corrupt);
  for (const char* member :
       {R"("mode":4294967296)", R"("uid":-1)", R"("size":18446744073709551616)", R"("size":1.0)",
        R"("mtime":"yesterday")", R"("mtime":5)", R"("content":["00"])", R"("content":[null])",
        R"("content":"x")", R"("subtree":"")", R"("type":1)", R"("user":[])",
        R"("linktarget_raw":"!")", R"("extended_attributes":[1])", R"("name":"\\q")",
        R"("extended_attributes":[{"name":"a","value":"!"}])", R"("extended_attributes_raw":[1])",
        R"("extended_attributes_raw":[{"name":"!","value":""}])", R"("name":"a\"b")"}) {
    CAPTURE(member);
    CHECK(code_of_node(std::string(R"({"name":"x","type":"file",)") + member + "}") ==
          Code::corrupt);
  }
}

TEST_CASE("tree: survives damage") {
  for (const std::string& json : go_nodes) {
    survive_damage("{\"nodes\":[" + json + "]}",
                   [](const std::string& text) { parse_tree(text, "test"); });
  }
}

TEST_CASE("tree: types have restic's names") {
  const char* const names[] = {"file",    "dir",  "symlink", "dev",
                               "chardev", "fifo", "socket",  "irregular"};
  for (size_t i = 0; i < std::size(names); ++i) {
    CHECK(std::string(to_string(static_cast<NodeType>(i))) == names[i]);
  }
}

TEST_CASE("mode: as Go numbers it") {
  CHECK(go_mode(S_IFREG | 0644) == 0644);
  CHECK(go_mode(S_IFDIR | 0755) == 2147483648 + 0755);
  CHECK(go_mode(S_IFLNK | 0777) == 134217728 + 0777);
  CHECK(go_mode(S_IFCHR | 0600) == 69206016 + 0600);
  CHECK(go_mode(S_IFBLK | 0600) == 67108864 + 0600);
  CHECK(go_mode(S_IFIFO) == 33554432);
  CHECK(go_mode(S_IFSOCK) == 16777216);
  CHECK(go_mode(S_IFREG | 07007) == 13631495);
  for (uint32_t mode = 0; mode < 010000; ++mode) {
    REQUIRE(posix_permissions(go_mode(S_IFDIR | mode)) == mode);
  }
}
