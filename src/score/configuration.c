/* configuration.c: the named networks, each a table of layers. Data only. */
#include "score/model.h"

/* Columns of 16 px; a projection of their rows before the LSTMs. Over images of any height. */
#define BY_MEASURE                                                                               \
    .ids = RP_MODEL_IDS, .units = 192, .by_measure = true, .norm_decay = 0.97, .norm_eps = 1e-4, \
    .layers = {{RP_LAYER_CONV, .kernel = 5, .stride_w = 4, .stride_h = 2, .units = 32,           \
                .norm = true, .relu = true},                                                     \
               {RP_LAYER_RESIDUAL, .kernel = 1, .stride_w = 2, .stride_h = 2, .units = 64},      \
               {RP_LAYER_RESIDUAL, .kernel = 1, .stride_w = 2, .stride_h = 2, .units = 128},     \
               {RP_LAYER_RESIDUAL, .stride_w = 1, .stride_h = 1, .units = 128},                  \
               {RP_LAYER_COLUMNS, .units = 192},                                                 \
               {RP_LAYER_DROPOUT, .rate = 0.1},                                                  \
               {RP_LAYER_LSTM, .units = 192, .add_input = true},                                 \
               {RP_LAYER_DROPOUT, .rate = 0.1},                                                  \
               {RP_LAYER_LSTM, .units = 192, .add_input = true}}

static const rp_configuration configurations[] = {
    {
        .name = "zeus",
        .summary = "the network of Mayer, Straka, Hajic and Pecina (ICDAR 2024)",
        .height = 192,
        .ids = RP_MODEL_IDS,
        .units = 192,
        .norm_decay = 0.99,
        .norm_eps = 1e-3,
        .layers =
            {
                {RP_LAYER_CONV, .kernel = 3, .stride_w = 1, .stride_h = 1, .units = 32},
                {RP_LAYER_RESIDUAL, .kernel = 3, .stride_w = 2, .stride_h = 2, .units = 32},
                {RP_LAYER_RESIDUAL, .stride_w = 1, .stride_h = 1, .units = 32},
                {RP_LAYER_RESIDUAL, .kernel = 3, .stride_w = 2, .stride_h = 2, .units = 64},
                {RP_LAYER_RESIDUAL, .stride_w = 1, .stride_h = 1, .units = 64},
                {RP_LAYER_RESIDUAL, .kernel = 3, .stride_w = 2, .stride_h = 2, .units = 128},
                {RP_LAYER_RESIDUAL, .stride_w = 1, .stride_h = 1, .units = 128},
                {RP_LAYER_RESIDUAL, .kernel = 3, .stride_w = 2, .stride_h = 2, .units = 192},
                {RP_LAYER_RESIDUAL, .stride_w = 1, .stride_h = 1, .units = 192},
                {.kind = RP_LAYER_COLUMNS},
                {RP_LAYER_DROPOUT, .rate = 0.2},
                {RP_LAYER_LSTM, .units = 192},
                {RP_LAYER_DROPOUT, .rate = 0.2},
                {RP_LAYER_LSTM, .units = 192, .add_input = true},
            },
    },
    {.name = "measure",
     .summary = "a cheaper encoder that reads measure by measure",
     .height = 192,
     BY_MEASURE},
    {.name = "fine",
     .summary = "the same over images a third larger: small signs are seen",
     .height = 256,
     BY_MEASURE},
    {.name = "level",
     .summary = "the same with every staff line at a row of its own: height is pitch",
     .height = 256,
     .frame = RP_FRAME_LEVEL,
     BY_MEASURE},
};

#undef BY_MEASURE

const rp_configuration *rp_configuration_at(size_t index) {
    return index < RP_COUNT(configurations) ? &configurations[index] : NULL;
}

const rp_configuration *rp_configuration_find(const char *name) {
    for (size_t i = 0; i < RP_COUNT(configurations); i++)
        if (strcmp(configurations[i].name, name) == 0) return &configurations[i];
    return NULL;
}
