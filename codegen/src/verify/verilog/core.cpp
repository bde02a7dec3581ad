// Drives a core cycle by cycle. Between events it sees random bits that are not
// valid, in one cycle of four; each result must come in its cycle.
#include "common.h"

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::vector<int64_t> events = read_words(argv[1]);
    FILE* results = std::fopen(argv[2], "wb");
    if (!results) return 2;
    Core core;
    const std::size_t count = events.size() / INPUT_WORDS;
    std::deque<uint64_t> expected;
    core.rst = 1;
    core.in_valid = 1;
    uint64_t cycle = 0;
    std::size_t sent = 0, received = 0;
    const uint64_t reset_cycles = 3;
    while (received < count) {
        const bool in_reset = cycle < reset_cycles;
        const bool valid = !in_reset && sent < count && (draw() & 3) != 0;
        core.rst = in_reset;
        core.in_valid = in_reset || valid;
        std::vector<int64_t> words(INPUT_WORDS);
        for (std::size_t i = 0; i < INPUT_WORDS; ++i)
            words[i] = valid ? events[sent * INPUT_WORDS + i] : int64_t(draw());
        set_inputs(core, words.data());
        if (valid) {
            ++sent;
            expected.push_back(cycle + LATENCY);
        }
        core.clk = 0;
        core.eval();
        core.clk = 1;
        core.eval();
        ++cycle;
        const bool due = !expected.empty() && expected.front() == cycle;
        if (bool(core.out_valid) != due) {
            std::fprintf(stderr, "cycle %llu: out_valid is %d\n", (unsigned long long)cycle,
                         int(core.out_valid));
            return 3;
        }
        if (!due) continue;
        expected.pop_front();
        ++received;
        std::vector<int64_t> out(OUTPUT_WORDS);
        get_outputs(core, out.data());
        std::fwrite(out.data(), sizeof(int64_t), out.size(), results);
    }
    return std::fclose(results) == 0 ? 0 : 2;
}
