// Drives a core behind AXI4-Lite: writes the words of an event, sends it, waits,
// and reads the words of the result; answers wait for a random time.
#include "common.h"

static void tick(Core& core) {
    core.aclk = 1;
    core.eval();
    core.aclk = 0;
    core.eval();
}

static void write_word(Core& core, uint32_t address, uint32_t word) {
    core.s_axi_awaddr = address;
    core.s_axi_wdata = word;
    core.s_axi_wstrb = 15;
    core.s_axi_awvalid = 1;
    for (uint64_t wait = draw() & 3; wait > 0; --wait) tick(core);
    core.s_axi_wvalid = 1;
    core.s_axi_bready = 0;
    core.eval();
    while (!(core.s_axi_awready && core.s_axi_wready)) tick(core);
    tick(core);
    core.s_axi_awvalid = core.s_axi_wvalid = 0;
    for (uint64_t wait = draw() & 3; wait > 0; --wait) tick(core);
    core.s_axi_bready = 1;
    core.eval();
    while (!core.s_axi_bvalid) tick(core);
    tick(core);
    core.s_axi_bready = 0;
    core.eval();
}

static uint32_t read_word(Core& core, uint32_t address) {
    core.s_axi_araddr = address;
    core.s_axi_arvalid = 1;
    core.eval();
    while (!core.s_axi_arready) tick(core);
    tick(core);
    core.s_axi_arvalid = 0;
    for (uint64_t wait = draw() & 3; wait > 0; --wait) tick(core);
    while (!core.s_axi_rvalid) tick(core);
    const uint32_t word = core.s_axi_rdata;
    core.s_axi_rready = 1;
    core.eval();
    tick(core);
    core.s_axi_rready = 0;
    core.eval();
    return word;
}

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::vector<int64_t> events = read_words(argv[1]);
    FILE* results = std::fopen(argv[2], "wb");
    if (!results) return 2;
    Core core;
    const std::size_t count = events.size() / INPUT_WORDS;
    core.aclk = 0;
    core.aresetn = 0;
    core.eval();
    for (int i = 0; i < 3; ++i) tick(core);
    core.aresetn = 1;
    core.eval();
    std::vector<int64_t> out(OUTPUT_WORDS);
    for (std::size_t event = 0; event < count; ++event) {
        Bits given(INPUT_BITS);
        PACK_INPUTS(given, (events.data() + event * INPUT_WORDS))
        for (int i = 0; i * 32 < INPUT_BITS; ++i)
            write_word(core, 0x1000 + 4 * i, given.words[i]);
        write_word(core, 0, 1);
        for (int tries = 0; !(read_word(core, 0) & 1); ++tries)
            if (tries > 1000) {
                std::fprintf(stderr, "event %zu: no result\n", event);
                return 4;
            }
        Bits found(OUTPUT_BITS);
        for (int i = 0; i * 32 < OUTPUT_BITS; ++i)
            found.words[i] = read_word(core, 0x2000 + 4 * i);
        UNPACK_OUTPUTS(found, out.data())
        std::fwrite(out.data(), sizeof(int64_t), out.size(), results);
    }
    return std::fclose(results) == 0 ? 0 : 2;
}
