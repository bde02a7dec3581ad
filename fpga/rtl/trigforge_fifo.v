// A queue of 2**LOG2 words whose oldest one stands at the output.
//
// The writer must know that there is room: it is not asked.
module trigforge_fifo #(
    parameter WIDTH = 8,
    parameter LOG2  = 3
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             write,
    input  wire [WIDTH-1:0] in_data,
    input  wire             read,
    output wire             not_empty,
    output wire [WIDTH-1:0] out_data
);
    reg [WIDTH-1:0] words [0:(1 << LOG2) - 1];
    reg [LOG2:0] written;
    reg [LOG2:0] taken;
    always @(posedge clk) begin
        if (write) words[written[LOG2-1:0]] <= in_data;
        if (rst) begin
            written <= {(LOG2 + 1) {1'b0}};
            taken   <= {(LOG2 + 1) {1'b0}};
        end else begin
            if (write) written <= written + {{LOG2{1'b0}}, 1'b1};
            if (read && not_empty) taken <= taken + {{LOG2{1'b0}}, 1'b1};
        end
    end
    assign not_empty = written != taken;
    assign out_data  = words[taken[LOG2-1:0]];
endmodule
