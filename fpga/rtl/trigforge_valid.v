// The valid bits of a pipeline: the only registers that are reset.
//
// A bit that goes in comes out STAGES cycles later. What the data registers
// hold while their bit is 0 means nothing.
module trigforge_valid #(
    parameter STAGES = 1
) (
    input  wire clk,
    input  wire rst,
    input  wire in_valid,
    output wire out_valid
);
    reg [STAGES-1:0] stages;
    generate
        if (STAGES == 1) begin : single
            always @(posedge clk) stages <= rst ? 1'b0 : in_valid;
        end else begin : several
            always @(posedge clk)
                stages <= rst ? {STAGES{1'b0}} : {stages[STAGES-2:0], in_valid};
        end
    endgenerate
    assign out_valid = stages[STAGES-1];
endmodule
