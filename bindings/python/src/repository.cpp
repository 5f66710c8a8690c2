// The repository: each operation of sapdr.hpp, run by its session.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <sapdr/sapdr.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bind.hpp"
#include "callbacks.hpp"
#include "convert.hpp"
#include "session.hpp"

namespace sapdr_python {

namespace {

// path, readinto, mode, mtime_ns, size
using stream_tuple = std::tuple<std::string, py::function, uint32_t, int64_t, uint64_t>;

// `like`: files are cut as in this repository; or None.
std::shared_ptr<session> init(const std::shared_ptr<opened_backend>& backend,
                              sapdr::init_options options, const session* like,
                              const sapdr::context_options& pace, const given_cancel& given) {
  auto made = std::make_shared<session>(backend, pace);
  // Kept until the end: another thread may close it.
  const auto kept = like == nullptr ? nullptr : like->repository();
  if (like != nullptr) options.copy_chunker_params = &like->opened();
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  made->open(cancel, [&](const sapdr::context& context, const sapdr::backend& storage) {
    return sapdr::repository::init(context, storage, options);
  });
  return made;
}

std::shared_ptr<session> open(const std::shared_ptr<opened_backend>& backend,
                              sapdr::open_options options, const sapdr::context_options& pace,
                              const given_cancel& given) {
  auto made = std::make_shared<session>(backend, pace);
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  made->open(cancel, [&](const sapdr::context& context, const sapdr::backend& storage) {
    return sapdr::repository::open(context, storage, options);
  });
  return made;
}

py::object backup(session& self, const std::vector<std::string>& paths,
                  sapdr::backup_options options, const py::object& on_progress,
                  const py::object& on_item, const given_cancel& given) {
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(self, on_progress, on_item);
  return to_python(self.run_long(
      cancel, [&](sapdr::repository& repository) { return repository.backup(paths, options); }));
}

py::object backup_streams(session& self, const std::vector<stream_tuple>& sources,
                          sapdr::backup_options options, const py::object& on_progress,
                          const py::object& on_item, const given_cancel& given) {
  std::vector<sapdr::stream> streams;
  for (const auto& [path, readinto, mode, mtime_ns, size] : sources)
    streams.push_back({.path = path,
                       .read = reader_for(self, readinto),
                       .mode = mode,
                       .mtime_ns = mtime_ns,
                       .size_hint = size});
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(self, on_progress, on_item);
  return to_python(self.run_long(cancel, [&](sapdr::repository& repository) {
    return repository.backup_streams(streams, options);
  }));
}

// `next()` gives a stream_tuple, or None at the end.
py::object backup_source(session& self, const py::function& next,
                         const std::vector<std::string>& paths, uint32_t max_open,
                         sapdr::backup_options options, const py::object& on_progress,
                         const py::object& on_item, const given_cancel& given) {
  sapdr::stream_source source{.next = {}, .paths = paths, .max_open = max_open};
  source.next = [&]() -> std::optional<sapdr::stream> {
    const callback_scope scope(self);
    const py::object made = next();
    if (made.is_none()) return std::nullopt;
    auto [path, readinto, mode, mtime_ns, size] = made.cast<stream_tuple>();
    return sapdr::stream{.path = std::move(path),
                         .read = owning_reader_for(self, std::move(readinto)),
                         .mode = mode,
                         .mtime_ns = mtime_ns,
                         .size_hint = size};
  };
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(self, on_progress, on_item);
  return to_python(self.run_long(cancel, [&](sapdr::repository& repository) {
    return repository.backup_source(source, options);
  }));
}

// The exception that stands for an error which nobody threw.
py::object exception_of(const sapdr::error& error) {
  try {
    translated({}, [&] { throw error; });
  } catch (const py::error_already_set& raised) {
    return raised.value();
  }
  return py::none();
}

// `damaged`: None, or a list that takes the errors of what cannot be read.
py::list snapshots(session& self, const sapdr::snapshot_filter& filter, const py::object& damaged) {
  const auto found = self.run([&](sapdr::repository& repository) {
    return damaged.is_none() ? repository.snapshots(filter) : repository.readable_snapshots(filter);
  });
  for (const sapdr::error& error : found.damaged()) damaged.attr("append")(exception_of(error));
  py::list all;
  for (const sapdr::snapshot_view& each : found) all.append(to_python(each));
  return all;
}

py::object snapshot(session& self, const std::string& name, const sapdr::snapshot_filter& filter) {
  return to_python(
      self.run([&](sapdr::repository& repository) { return repository.snapshot(name, filter); }));
}

void dump(session& self, const std::string& snapshot, const std::string& path,
          const py::function& write, const given_cancel& given) {
  const call_cancel cancel(given);
  const auto writer = writer_for(self, write);
  self.run_long(cancel, [&](sapdr::repository& repository) {
    repository.dump(snapshot, path, writer, cancel.get());
  });
}

py::object diff(session& self, const std::string& before, const std::string& after,
                const py::function& on_change, sapdr::diff_options options,
                const py::object& on_progress, const py::object& on_item,
                const given_cancel& given) {
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(self, on_progress, on_item);
  const auto tell = teller_for<sapdr::difference>(self, on_change);
  return to_python(self.run_long(cancel, [&](sapdr::repository& repository) {
    return repository.diff(before, after, tell, options);
  }));
}

py::object find(session& self, sapdr::find_options options, const py::function& on_match,
                const sapdr::snapshot_filter& filter, const py::object& on_progress,
                const py::object& on_item, const given_cancel& given) {
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(self, on_progress, on_item);
  const auto tell = teller_for<sapdr::match>(self, on_match);
  return to_python(self.run_long(cancel, [&](sapdr::repository& repository) {
    return repository.find(options, tell, filter);
  }));
}

py::object check(session& self, sapdr::check_options options, const py::object& on_progress,
                 const py::object& on_item, const given_cancel& given) {
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(self, on_progress, on_item);
  return to_python(self.run_long(
      cancel, [&](sapdr::repository& repository) { return repository.check(options); }));
}

py::object verify(session& self, const std::string& snapshot,
                  const std::optional<std::string>& target, sapdr::verify_options options,
                  const py::object& on_progress, const py::object& on_item,
                  const given_cancel& given) {
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(self, on_progress, on_item);
  return to_python(self.run_long(cancel, [&](sapdr::repository& repository) {
    return repository.verify(snapshot, target, options);
  }));
}

py::object stats(session& self, const std::optional<std::string>& snapshot,
                 const sapdr::snapshot_filter& filter, const given_cancel& given) {
  const call_cancel cancel(given);
  return to_python(self.run_long(cancel, [&](sapdr::repository& repository) {
    return repository.stats(snapshot, filter, cancel.get());
  }));
}

py::object copy_from(session& self, session& from, const std::vector<std::string>& snapshots,
                     const sapdr::snapshot_filter& filter, sapdr::copy_options options,
                     const py::object& on_progress, const py::object& on_item,
                     const given_cancel& given) {
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(self, on_progress, on_item);
  return to_python(
      self.run_long(cancel, from, [&](sapdr::repository& repository, sapdr::repository& source) {
        return repository.copy_from(source, snapshots, options, filter);
      }));
}

py::object tag(session& self, const std::vector<std::string>& snapshots,
               const sapdr::snapshot_filter& filter, sapdr::tag_options options,
               const py::object& on_progress, const py::object& on_item,
               const given_cancel& given) {
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  options.observer = observer_for(self, on_progress, on_item);
  return to_python(self.run_long(cancel, [&](sapdr::repository& repository) {
    return repository.tag(snapshots, options, filter);
  }));
}

uint64_t unlock(session& self, bool remove_all) {
  return self.run([&](sapdr::repository& repository) { return repository.unlock(remove_all); });
}

py::list key_list(session& self) {
  const auto found = self.run([](sapdr::repository& repository) { return repository.key_list(); });
  py::list all;
  for (const sapdr::key& each : found) all.append(to_python(each));
  return all;
}

// Adds a key or changes the password.
template <sapdr_id (sapdr::repository::*Make)(const sapdr::key_options&)>
std::string make_key(session& self, sapdr::key_options options, const given_cancel& given) {
  const call_cancel cancel(given);
  options.cancel = cancel.get();
  return sapdr::to_hex(self.run_long(
      cancel, [&](sapdr::repository& repository) { return (repository.*Make)(options); }));
}

std::string key_remove(session& self, const std::string& id, const given_cancel& given) {
  const call_cancel cancel(given);
  return sapdr::to_hex(self.run_long(cancel, [&](sapdr::repository& repository) {
    return repository.key_remove(id, cancel.get());
  }));
}

py::bytes cat(session& self, const std::string& type, const std::optional<std::string>& id) {
  const sapdr::buffer object =
      self.run([&](sapdr::repository& repository) { return repository.cat(type, id); });
  return py::bytes(object.text());
}

std::vector<std::pair<std::string, uint64_t>> list(session& self, const std::string& type) {
  return self.run([&](sapdr::repository& repository) {
    std::vector<std::pair<std::string, uint64_t>> objects;
    repository.list(type,
                    [&](std::string_view id, uint64_t size) { objects.emplace_back(id, size); });
    return objects;
  });
}

}  // namespace

void bind_repository(py::module_& module) {
  using py::arg;
  repository_class repository(module, "Repository");
  repository
      .def_static("init", &init, arg("backend"), arg("options"), arg("like"), arg("pace"),
                  arg("cancel"))
      .def_static("open", &open, arg("backend"), arg("options"), arg("pace"), arg("cancel"))
      .def("close", &session::close)
      .def_property_readonly("closed", &session::closed)
      .def_property_readonly("id", [](session& self) { return text(self.opened().id()); })
      .def_property_readonly("version", [](session& self) { return self.opened().version(); })
      .def_property_readonly("codec", [](session& self) { return self.opened().codec(); })
      .def_property_readonly("location",
                             [](session& self) { return path_text(self.opened().location()); })
      .def("backup", &backup, arg("paths"), arg("options"), arg("on_progress"), arg("on_item"),
           arg("cancel"))
      .def("backup_streams", &backup_streams, arg("streams"), arg("options"), arg("on_progress"),
           arg("on_item"), arg("cancel"))
      .def("backup_source", &backup_source, arg("next"), arg("paths"), arg("max_open"),
           arg("options"), arg("on_progress"), arg("on_item"), arg("cancel"))
      .def("snapshots", &snapshots, arg("filter"), arg("damaged"))
      .def("snapshot", &snapshot, arg("name"), arg("filter"))
      .def("dump", &dump, arg("snapshot"), arg("path"), arg("write"), arg("cancel"))
      .def("diff", &diff, arg("before"), arg("after"), arg("on_change"), arg("options"),
           arg("on_progress"), arg("on_item"), arg("cancel"))
      .def("find", &find, arg("options"), arg("on_match"), arg("filter"), arg("on_progress"),
           arg("on_item"), arg("cancel"))
      .def("check", &check, arg("options"), arg("on_progress"), arg("on_item"), arg("cancel"))
      .def("verify", &verify, arg("snapshot"), arg("target"), arg("options"), arg("on_progress"),
           arg("on_item"), arg("cancel"))
      .def("stats", &stats, arg("snapshot"), arg("filter"), arg("cancel"))
      .def("copy_from", &copy_from, arg("source"), arg("snapshots"), arg("filter"), arg("options"),
           arg("on_progress"), arg("on_item"), arg("cancel"))
      .def("tag", &tag, arg("snapshots"), arg("filter"), arg("options"), arg("on_progress"),
           arg("on_item"), arg("cancel"))
      .def("unlock", &unlock, arg("remove_all"))
      .def("key_list", &key_list)
      .def("key_add", &make_key<&sapdr::repository::key_add>, arg("options"), arg("cancel"))
      .def("key_remove", &key_remove, arg("id"), arg("cancel"))
      .def("key_passwd", &make_key<&sapdr::repository::key_passwd>, arg("options"), arg("cancel"))
      .def("cat", &cat, arg("type"), arg("id"))
      .def("list", &list, arg("type"));
  bind_repair(repository);
  bind_mongodb(module, repository);
}

}  // namespace sapdr_python
