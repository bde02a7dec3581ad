// The wires of AXI4-Lite around a design that Verilator compiled as `Vcore`, for
// a driver in Rust. Answers wait for a random number of cycles.
#include <cstdint>

#include "Vcore.h"
#include "verilated.h"

extern "C" int drive(const char* events, const char* results);

double sc_time_stamp() { return 0; }

static Vcore* core;

static uint64_t state = 0x9e3779b97f4a7c15u;
static uint64_t draw() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state & 3;
}

static void tick() {
    core->aclk = 1;
    core->eval();
    core->aclk = 0;
    core->eval();
}

static void ticks(uint64_t count) {
    while (count--) tick();
}

extern "C" void bus_write(uint32_t address, uint32_t word) {
    core->s_axi_awaddr = address;
    core->s_axi_awvalid = 1;
    ticks(draw());
    core->s_axi_wdata = word;
    core->s_axi_wstrb = 15;
    core->s_axi_wvalid = 1;
    core->s_axi_bready = 0;
    core->eval();
    while (!(core->s_axi_awready && core->s_axi_wready)) tick();
    tick();
    core->s_axi_awvalid = core->s_axi_wvalid = 0;
    ticks(draw());
    core->s_axi_bready = 1;
    core->eval();
    while (!core->s_axi_bvalid) tick();
    tick();
    core->s_axi_bready = 0;
    core->eval();
}

extern "C" uint32_t bus_read(uint32_t address) {
    core->s_axi_araddr = address;
    core->s_axi_arvalid = 1;
    core->eval();
    while (!core->s_axi_arready) tick();
    tick();
    core->s_axi_arvalid = 0;
    ticks(draw());
    while (!core->s_axi_rvalid) tick();
    const uint32_t word = core->s_axi_rdata;
    core->s_axi_rready = 1;
    core->eval();
    tick();
    core->s_axi_rready = 0;
    core->eval();
    return word;
}

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    core = new Vcore;
    core->aclk = 0;
    core->aresetn = 0;
    core->eval();
    ticks(3);
    core->aresetn = 1;
    core->eval();
    const int status = drive(argv[1], argv[2]);
    delete core;
    return status;
}
