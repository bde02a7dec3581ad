// Runs a kernel on events from one file and writes its outputs to another, both
// little-endian 64-bit integers.
#include <cstdint>
#include <cstdio>
#include <vector>

// The call of the kernel, written for it.
#include "glue.h"

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    std::FILE *events = std::fopen(argv[1], "rb");
    std::FILE *found = std::fopen(argv[2], "wb");
    if (!events || !found) return 2;
    std::vector<int64_t> words(INPUT_WORDS + 1);
    std::vector<int64_t> results(OUTPUT_WORDS + 1);
    while (std::fread(words.data(), sizeof(int64_t), INPUT_WORDS, events) == INPUT_WORDS) {
        infer(words.data(), results.data());
        std::fwrite(results.data(), sizeof(int64_t), OUTPUT_WORDS, found);
    }
    std::fclose(events);
    return std::fclose(found) == 0 ? 0 : 2;
}
