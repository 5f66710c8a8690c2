// What it takes to read a database with libmongoc and nothing else: a cursor for each collection,
// on a thread of its own, and its documents into /dev/null.
//
// usage: mongodb_floor URI DATABASE
//
// Prints {"documents": N, "bytes": N, "seconds": S}.
#include <fcntl.h>
#include <mongoc/mongoc.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<uint64_t> documents{0}, bytes{0};

void fail(const bson_error_t& error) {
  std::fprintf(stderr, "%s\n", error.message);
  std::exit(1);
}

std::vector<std::string> collections_of(mongoc_client_pool_t* pool, const char* db) {
  mongoc_client_t* client = mongoc_client_pool_pop(pool);
  mongoc_database_t* database = mongoc_client_get_database(client, db);
  bson_error_t error;
  char** names = mongoc_database_get_collection_names_with_opts(database, nullptr, &error);
  if (names == nullptr) fail(error);
  std::vector<std::string> all;
  for (char** name = names; *name != nullptr; ++name) all.emplace_back(*name);
  bson_strfreev(names);
  mongoc_database_destroy(database);
  mongoc_client_pool_push(pool, client);
  return all;
}

void read_collection(mongoc_client_pool_t* pool, const char* db, const std::string& name) {
  const int sink = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  mongoc_client_t* client = mongoc_client_pool_pop(pool);
  mongoc_collection_t* collection = mongoc_client_get_collection(client, db, name.c_str());
  bson_t all = BSON_INITIALIZER;
  mongoc_cursor_t* cursor = mongoc_collection_find_with_opts(collection, &all, nullptr, nullptr);
  const bson_t* document = nullptr;
  std::vector<uint8_t> buffer;
  uint64_t n = 0, size = 0;
  const auto flush = [&] {
    size += buffer.size();
    if (::write(sink, buffer.data(), buffer.size()) < 0) std::exit(1);
    buffer.clear();
  };
  while (mongoc_cursor_next(cursor, &document)) {
    const uint8_t* data = bson_get_data(document);
    buffer.insert(buffer.end(), data, data + document->len);
    ++n;
    if (buffer.size() > (1U << 20)) flush();
  }
  flush();
  bson_error_t error;
  if (mongoc_cursor_error(cursor, &error)) fail(error);
  documents += n;
  bytes += size;
  mongoc_cursor_destroy(cursor);
  bson_destroy(&all);
  mongoc_collection_destroy(collection);
  mongoc_client_pool_push(pool, client);
  ::close(sink);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: mongodb_floor URI DATABASE\n");
    return 2;
  }
  mongoc_init();
  mongoc_uri_t* uri = mongoc_uri_new(argv[1]);
  mongoc_client_pool_t* pool = mongoc_client_pool_new(uri);
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (const std::string& name : collections_of(pool, argv[2])) {
    threads.emplace_back(read_collection, pool, argv[2], name);
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("{\"documents\": %llu, \"bytes\": %llu, \"seconds\": %.3f}\n",
              static_cast<unsigned long long>(documents), static_cast<unsigned long long>(bytes),
              took.count());
  mongoc_client_pool_destroy(pool);
  mongoc_uri_destroy(uri);
}
