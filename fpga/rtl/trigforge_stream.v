// Back-pressure around a pipeline that cannot wait.
//
// Every event that goes in has a place in the queue behind the pipeline: there
// are 2**LOG2 of them, and an event is taken only while one is free. LOG2 must
// give more places than the pipeline has cycles, or it cannot take an event in
// each cycle.
module trigforge_stream #(
    parameter WIDTH = 8,
    parameter LOG2  = 3
) (
    input  wire             clk,
    input  wire             rst,
    // From whom events come.
    input  wire             s_valid,
    output wire             s_ready,
    // To and from the pipeline.
    output wire             core_in_valid,
    input  wire             core_out_valid,
    input  wire [WIDTH-1:0] core_out_data,
    // To whom results go.
    output wire             m_valid,
    input  wire             m_ready,
    output wire [WIDTH-1:0] m_data
);
    reg [LOG2:0] places;
    wire enters = s_valid && s_ready;
    wire leaves = m_valid && m_ready;
    always @(posedge clk) begin
        if (rst) places <= {1'b1, {LOG2{1'b0}}};
        else if (enters && !leaves) places <= places - {{LOG2{1'b0}}, 1'b1};
        else if (leaves && !enters) places <= places + {{LOG2{1'b0}}, 1'b1};
    end
    assign s_ready       = |places && !rst;
    assign core_in_valid = enters;
    trigforge_fifo #(
        .WIDTH(WIDTH),
        .LOG2 (LOG2)
    ) queue_i (
        .clk      (clk),
        .rst      (rst),
        .write    (core_out_valid),
        .in_data  (core_out_data),
        .read     (m_ready),
        .not_empty(m_valid),
        .out_data (m_data)
    );
endmodule
