// Drives a core behind AXI4-Stream: events come after random gaps, and whoever
// takes the results is ready in one cycle of two, for long stretches in none.
#include "common.h"

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::vector<int64_t> events = read_words(argv[1]);
    FILE* results = std::fopen(argv[2], "wb");
    if (!results) return 2;
    Core core;
    const std::size_t count = events.size() / INPUT_WORDS;
    std::size_t sent = 0, received = 0;
    bool offered = false, held = false;
    std::vector<int64_t> out(OUTPUT_WORDS), before(OUTPUT_WORDS);
    for (uint64_t cycle = 0; received < count; ++cycle) {
        if (cycle > 64 * (count + 64)) {
            std::fprintf(stderr, "the stream stands still after %zu events\n", received);
            return 4;
        }
        const bool in_reset = cycle < 3;
        core.aresetn = !in_reset;
        if (!offered && !in_reset && sent < count && (draw() & 3) != 0) {
            offered = true;
            set_inputs(core, events.data() + sent * INPUT_WORDS);
        }
        const bool stalled = cycle / 64 % 4 == 3;
        core.s_axis_tvalid = offered;
        core.m_axis_tready = !stalled && (draw() & 1);
        core.aclk = 0;
        core.eval();
        const bool taken = offered && core.s_axis_tready;
        const bool given = core.m_axis_tvalid && !in_reset;
        get_outputs(core, out.data());
        if (held && (!given || out != before)) {
            std::fprintf(stderr, "cycle %llu: a result changed while it waited\n",
                         (unsigned long long)cycle);
            return 5;
        }
        held = given && !core.m_axis_tready;
        before = out;
        if (given && core.m_axis_tready) {
            ++received;
            std::fwrite(out.data(), sizeof(int64_t), out.size(), results);
        }
        core.aclk = 1;
        core.eval();
        if (taken) {
            offered = false;
            ++sent;
        }
    }
    return std::fclose(results) == 0 ? 0 : 2;
}
