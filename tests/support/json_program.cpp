// Writes random texts and numbers as JSON, and as bytes for json_read_back.py to compare: N SEED FILE.
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>

#include "xylem/support/json.hpp"

namespace {

// Pieces of UTF-8, whole and broken, so that most texts are nearly right.
std::string random_text(std::mt19937_64& random) {
  static const std::string pieces[] = {"a",
                                       "\"",
                                       "\\",
                                       "\n",
                                       "\t",
                                       "\x01",
                                       "\x7f",
                                       "\xc3\xa4",
                                       "\xe2\x80\xa6",
                                       "\xed\x9f\xbf",
                                       "\xf0\x9f\x8c\xb3",
                                       "\xc0\x80",
                                       "\xed\xa0\x80",
                                       "\xe0\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "\xf4\x90\x80\x80",
                                       "\xc2\x80"};
  std::string text;
  for (auto n = random() % 8; n > 0; --n) {
    text += random() % 3 == 0 ? std::string(1, static_cast<char>(random())) : pieces[random() % std::size(pieces)];
  }
  return text;
}

}  // namespace

int main(int, char** argv) {
  std::mt19937_64 random(std::strtoull(argv[2], nullptr, 10));
  std::ofstream raw(argv[3], std::ios::binary);
  xylem::JsonWriter json;
  json.begin_array();
  for (int i = std::atoi(argv[1]); i > 0; --i) {
    const std::string text = random_text(random);
    const std::uint64_t bits = random();
    raw << static_cast<char>(text.size()) << text;
    raw.write(reinterpret_cast<const char*>(&bits), sizeof bits);
    json.begin_object().key(text).value(text).key(" number").value(std::bit_cast<double>(bits)).end_object();
  }
  json.end_array();
  std::fputs(json.str().c_str(), stdout);
  return raw.flush() ? 0 : 1;
}
