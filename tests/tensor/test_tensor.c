/* test_tensor.c: types and accessors. */
#include "tensor/tensor.h"

#include "check.h"
#include "tensor/ops.h"

TEST(bf16_rounds_to_nearest_with_ties_to_even) {
    static const struct {
        float value;
        uint16_t bits;
    } rows[] = {{1.0f, 0x3F80},
                {-2.0f, 0xC000},
                {1.00390625f, 0x3F80}, /* tie, even */
                {1.01171875f, 0x3F82},
                /* tie, odd */ {1.005f, 0x3F81},
                {0.0f, 0},
                {3.3895314e38f, 0x7F7F},
                {3.4e38f, 0x7F80}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(rp_f32_to_bf16(rows[i].value), rows[i].bits);
    CHECK(isnan(rp_bf16_to_f32(rp_f32_to_bf16(NAN))));
    CHECK(isinf(rp_bf16_to_f32(rp_f32_to_bf16(INFINITY))));
}

TEST(every_bf16_survives_the_way_to_f32_and_back) {
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        const float value = rp_bf16_to_f32((uint16_t)bits);
        if (!isnan(value)) CHECK(rp_f32_to_bf16(value) == bits);
    }
}

TEST(every_type_reads_what_was_written) {
    static const double numbers[] = {0, 1, -3, 128};
    for (int dtype = 0; dtype < RP_DTYPE_COUNT; dtype++) {
        double memory[4];
        rp_tensor t = rp_tensor_over(memory, (rp_dtype)dtype, 2, (const int64_t[]){2, 2});
        CHECK_INT(rp_tensor_count(&t), 4);
        CHECK_INT(rp_tensor_bytes(&t), 4 * rp_dtype_size((rp_dtype)dtype));
        for (int i = 0; i < 4; i++) rp_tensor_set(&t, i, numbers[i]);
        for (int i = 0; i < 4; i++) CHECK_NEAR(rp_tensor_get(&t, i), numbers[i], 0);
    }
}

TEST(every_row_of_the_table_names_its_kernel) {
    for (int op = 0; op < RP_OP_COUNT; op++) {
        const rp_op_row *row = rp_op_find((rp_op)op);
        CHECK(row->name[0] != '\0' && row->shapes[0] != '\0' && row->formula[0] != '\0');
        CHECK(row->ins >= 1 && row->ins <= RP_INS_MAX && row->outs >= 1);
        CHECK(row->outs <= RP_OUTS_MAX && row->tolerance_f32 <= row->tolerance_bf16);
        rp_kernel kernel;
        memcpy(&kernel, (const char *)&rp_ref_ops + row->offset, sizeof kernel);
        CHECK(kernel != NULL);
    }
}
