// Registers of 32 bits on AXI4-Lite around a pipeline, one event at a time.
//
//   0x0000         write 1 in bit 0: send the event; read: bit 0, the result is there
//   0x1000 + 4 i   input word i, the lowest bits first
//   0x2000 + 4 i   output word i, the lowest bits first
//
// To send an event clears the bit until the result is there. Reads beyond the
// words give 0, writes there are dropped; both are answered OKAY.
module trigforge_lite #(
    parameter IN_WORDS  = 1,
    parameter OUT_WORDS = 1
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire [13:0]             s_axi_awaddr,
    input  wire                    s_axi_awvalid,
    output wire                    s_axi_awready,
    input  wire [31:0]             s_axi_wdata,
    input  wire [3:0]              s_axi_wstrb,
    input  wire                    s_axi_wvalid,
    output wire                    s_axi_wready,
    output wire [1:0]              s_axi_bresp,
    output reg                     s_axi_bvalid,
    input  wire                    s_axi_bready,
    input  wire [13:0]             s_axi_araddr,
    input  wire                    s_axi_arvalid,
    output wire                    s_axi_arready,
    output reg  [31:0]             s_axi_rdata,
    output wire [1:0]              s_axi_rresp,
    output reg                     s_axi_rvalid,
    input  wire                    s_axi_rready,
    output reg                     core_in_valid,
    output reg  [32*IN_WORDS-1:0]  core_in_data,
    input  wire                    core_out_valid,
    input  wire [32*OUT_WORDS-1:0] core_out_data
);
    reg [32*OUT_WORDS-1:0] result;
    reg done;
    // Address and data are taken together, while no answer waits.
    wire take = s_axi_awvalid && s_axi_wvalid && !s_axi_bvalid && !rst;
    wire ask  = s_axi_arvalid && !s_axi_rvalid && !rst;
    assign s_axi_awready = take;
    assign s_axi_wready  = take;
    assign s_axi_arready = ask;
    assign s_axi_bresp   = 2'b00;
    assign s_axi_rresp   = 2'b00;
    wire [31:0] mask = {
        {8{s_axi_wstrb[3]}}, {8{s_axi_wstrb[2]}}, {8{s_axi_wstrb[1]}}, {8{s_axi_wstrb[0]}}
    };
    wire start = take && s_axi_awaddr[13:2] == 12'd0 && s_axi_wdata[0] && s_axi_wstrb[0];
    // Words are of four bytes, the lowest two bits of an address say nothing.
    wire unused = &{1'b0, s_axi_awaddr[1:0], s_axi_araddr[1:0]};
    integer i;
    always @(posedge clk) begin
        if (take)
            for (i = 0; i < IN_WORDS; i = i + 1)
                if (s_axi_awaddr[13:12] == 2'b01 && {22'd0, s_axi_awaddr[11:2]} == i)
                    core_in_data[32*i+:32] <=
                        (core_in_data[32*i+:32] & ~mask) | (s_axi_wdata & mask);
        if (core_out_valid) result <= core_out_data;
        if (ask) begin
            s_axi_rdata <= {31'd0, done && s_axi_araddr[13:2] == 12'd0};
            for (i = 0; i < OUT_WORDS; i = i + 1)
                if (s_axi_araddr[13:12] == 2'b10 && {22'd0, s_axi_araddr[11:2]} == i)
                    s_axi_rdata <= result[32*i+:32];
        end
        if (rst) begin
            core_in_valid <= 1'b0;
            done          <= 1'b0;
            s_axi_bvalid  <= 1'b0;
            s_axi_rvalid  <= 1'b0;
        end else begin
            core_in_valid <= start;
            if (start) done <= 1'b0;
            else if (core_out_valid) done <= 1'b1;
            s_axi_bvalid <= take || (s_axi_bvalid && !s_axi_bready);
            s_axi_rvalid <= ask || (s_axi_rvalid && !s_axi_rready);
        end
    end
endmodule
