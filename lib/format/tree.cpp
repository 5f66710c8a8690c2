#include "format/tree.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <iterator>

#include "base/go_quote.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"

namespace sapdr::core {

namespace {

constexpr const char* type_names[] = {"file",    "dir",  "symlink", "dev",
                                      "chardev", "fifo", "socket",  "irregular"};

// Bits of Go's os.FileMode.
constexpr uint32_t go_dir = 1U << 31;
constexpr uint32_t go_symlink = 1U << 27;
constexpr uint32_t go_device = 1U << 26;
constexpr uint32_t go_fifo = 1U << 25;
constexpr uint32_t go_socket = 1U << 24;
constexpr uint32_t go_setuid = 1U << 23;
constexpr uint32_t go_setgid = 1U << 22;
constexpr uint32_t go_char_device = 1U << 21;
constexpr uint32_t go_sticky = 1U << 20;

uint32_t go_type(uint32_t st_mode) {
  switch (st_mode & S_IFMT) {
    case S_IFDIR:
      return go_dir;
    case S_IFLNK:
      return go_symlink;
    case S_IFBLK:
      return go_device;
    case S_IFCHR:
      return go_device | go_char_device;
    case S_IFIFO:
      return go_fifo;
    case S_IFSOCK:
      return go_socket;
    default:
      return 0;
  }
}

// A type that this version does not know is irregular: listed and kept, but never created.
NodeType type_of(std::string_view name) {
  const auto* found = std::find(std::begin(type_names), std::end(type_names), name);
  return found == std::end(type_names) ? NodeType::irregular
                                       : static_cast<NodeType>(found - type_names);
}

std::string to_text(const SecretBytes& bytes) {
  return std::string(as_text(bytes));
}

std::string read_name(const JsonReader& json) {
  try {
    return go_unquote(json.required_text("name"));
  } catch (const Error& e) {
    json.fail("name", "is missing or not quoted as it must be");
  }
}

std::string read_link_target(const JsonReader& json) {
  // The raw form is there when the target is not UTF-8, and JSON could not hold it.
  if (json.member("linktarget_raw") != nullptr) return to_text(json.base64("linktarget_raw"));
  return std::string(json.text("linktarget"));
}

std::vector<ExtendedAttribute> read_xattrs(const JsonReader& json, std::string_view what) {
  std::vector<ExtendedAttribute> xattrs;
  const auto read = [&](const char* member, auto name_of) {
    const auto* array = json.array(member);
    if (array == nullptr) return;
    xattrs.reserve(xattrs.size() + array->size());
    for (const auto& element : *array) {
      const JsonReader xattr(element, what);
      xattrs.push_back({name_of(xattr), to_text(xattr.base64("value"))});
    }
  };
  read("extended_attributes",
       [](const JsonReader& xattr) { return std::string(xattr.text("name")); });
  read("extended_attributes_raw",
       [](const JsonReader& xattr) { return to_text(xattr.base64("name")); });
  return xattrs;
}

std::vector<Id> read_content(const JsonReader& json, std::string_view what) {
  std::vector<Id> content;
  if (const auto* array = json.array("content")) {
    content.reserve(array->size());
    for (const auto& id : *array) content.push_back(json_id(id, what));
  }
  return content;
}

Node read_node(const JsonReader& json, std::string_view what) {
  Node node;
  node.name = read_name(json);
  node.type = type_of(json.text("type"));
  node.mode = json.number32("mode");
  node.mtime = json.time("mtime");
  node.atime = json.time("atime");
  node.ctime = json.time("ctime");
  node.uid = json.number32("uid");
  node.gid = json.number32("gid");
  node.user = json.text("user");
  node.group = json.text("group");
  node.inode = json.number("inode");
  node.device_id = json.number("device_id");
  node.size = json.number("size");
  node.links = json.number("links");
  node.link_target = read_link_target(json);
  node.xattrs = read_xattrs(json, what);
  node.device = json.number("device");
  node.content = read_content(json, what);
  node.subtree = json.optional_id("subtree");
  node.error = json.text("error");
  return node;
}

// Those whose names JSON can hold, and the others in a list of their own, which restic ignores.
void append_xattrs(std::string& out, JsonWriter& node, const std::vector<ExtendedAttribute>& all) {
  for (const bool is_text : {true, false}) {
    std::vector<const ExtendedAttribute*> some;
    for (const ExtendedAttribute& xattr : all) {
      if (is_valid_utf8(xattr.name) == is_text) some.push_back(&xattr);
    }
    if (some.empty()) continue;
    std::string& list = node.key(is_text ? "extended_attributes" : "extended_attributes_raw");
    append_json_array(list, some, [&](const ExtendedAttribute* xattr) {
      JsonWriter json(out);
      if (is_text) {
        json.text("name", xattr->name);
      } else {
        json.base64("name", as_bytes(xattr->name));
      }
      json.base64("value", as_bytes(xattr->value));
      json.end();
    });
  }
}

}  // namespace

const char* to_string(NodeType type) {
  return type_names[static_cast<size_t>(type)];
}

uint32_t go_mode(uint32_t st_mode) {
  return go_type(st_mode) | (st_mode & 0777) | ((st_mode & S_ISUID) != 0 ? go_setuid : 0) |
         ((st_mode & S_ISGID) != 0 ? go_setgid : 0) | ((st_mode & S_ISVTX) != 0 ? go_sticky : 0);
}

uint32_t posix_permissions(uint32_t go_mode) {
  const auto bit = [&](uint32_t go, uint32_t posix) { return (go_mode & go) != 0 ? posix : 0; };
  return (go_mode & 0777) | bit(go_setuid, S_ISUID) | bit(go_setgid, S_ISGID) |
         bit(go_sticky, S_ISVTX);
}

bool is_safe_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

std::vector<Node> parse_tree(std::string_view text, std::string_view what) {
  const auto value = parse_json(text, what);
  const JsonReader json(value, what);
  std::vector<Node> nodes;
  if (const auto* array = json.array("nodes")) {
    nodes.reserve(array->size());
    for (const auto& element : *array) nodes.push_back(read_node(JsonReader(element, what), what));
  }
  return nodes;
}

void append_node(std::string& out, const Node& node) {
  JsonWriter json(out);
  json.text("name", go_quote(node.name));
  json.text("type", to_string(node.type));
  json.number_if_any("mode", node.mode);
  json.time("mtime", node.mtime);
  json.time("atime", node.atime);
  json.time("ctime", node.ctime);
  json.number("uid", node.uid);
  json.number("gid", node.gid);
  json.text_if_any("user", node.user);
  json.text_if_any("group", node.group);
  json.number_if_any("inode", node.inode);
  json.number_if_any("device_id", node.device_id);
  json.number_if_any("size", node.size);
  json.number_if_any("links", node.links);
  json.text_if_any("linktarget", node.link_target);
  if (!is_valid_utf8(node.link_target)) json.base64("linktarget_raw", as_bytes(node.link_target));
  if (!node.xattrs.empty()) append_xattrs(out, json, node.xattrs);
  json.number_if_any("device", node.device);
  if (node.type == NodeType::file) {
    json.ids("content", node.content);
  } else {
    json.key("content").append("null");
  }
  json.id_if_any("subtree", node.subtree);
  json.text_if_any("error", node.error);
  json.end();
}

std::string tree_json(const std::vector<Node>& nodes) {
  std::string out = "{\"nodes\":";
  append_json_array(out, nodes, [&](const Node& node) { append_node(out, node); });
  out.append("}\n");
  return out;
}

}  // namespace sapdr::core
