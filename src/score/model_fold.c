/* model_fold.c: rp_model_fold, see model.h. */
#include <stdio.h>

#include "nn/fold.h"
#include "score/model.h"

/* Which norm stands behind which convolution of a row. */
static const struct {
    const char *conv, *norm;
} pairs[] = {{"conv", "norm"}, {"conv1", "norm1"}, {"conv2", "norm2"}, {"shortcut", "norm3"}};

typedef struct place {
    int row;
    size_t pair;
} place;

static const rp_parameter *find(const rp_model *model, int row, const char *part,
                                const char *piece) {
    char both[32], name[RP_PARAMETER_NAME_MAX];
    snprintf(both, sizeof both, "%s%s", part, piece);
    rp_model_part_name(name, row, both);
    return rp_parameters_find(&model->parameters, name);
}

/* The folded rows bear the names of the convolution and of its norm. */
static void add_rows(rp_parameters *folded, const rp_parameter *conv, place at) {
    char name[RP_PARAMETER_NAME_MAX];
    rp_parameters_add(folded, conv->name, RP_INIT_ZEROS, true, conv->dims, conv->shape);
    rp_model_part_name(name, at.row, pairs[at.pair].norm);
    rp_parameters_add(folded, name, RP_INIT_ZEROS, true, 1, conv->shape);
}

/* Rows 2 i and 2 i + 1 of the folded ones, from what stands at their place in the model. */
static void fill_rows(rp_model *model, int i, place at) {
    const char *norm = pairs[at.pair].norm;
    const rp_tensor *weights = &find(model, at.row, pairs[at.pair].conv, "")->tensor;
    const rp_foldable layer = {.weights = weights->data,
                               .gamma = find(model, at.row, norm, ".gamma")->tensor.data,
                               .beta = find(model, at.row, norm, ".beta")->tensor.data,
                               .mean = find(model, at.row, norm, ".mean")->tensor.data,
                               .var = find(model, at.row, norm, ".variance")->tensor.data,
                               .outputs = weights->shape[0],
                               .inputs = rp_tensor_count(weights) / weights->shape[0],
                               .eps = model->configuration->norm_eps};
    const rp_parameter *rows = model->folded.rows;
    rp_fold_norm(rows[2 * i].tensor.data, rows[2 * i + 1].tensor.data, &layer);
}

rp_status rp_model_fold(rp_model *model, rp_error *error) {
    place places[RP_MODEL_LAYERS_MAX * RP_COUNT(pairs)];
    int count = 0;
    rp_parameters_clear(&model->folded);
    for (int row = 0; model->configuration->layers[row].kind != RP_LAYER_END; row++) {
        for (size_t k = 0; k < RP_COUNT(pairs); k++) {
            const rp_parameter *conv = find(model, row, pairs[k].conv, "");
            if (conv == NULL || find(model, row, pairs[k].norm, ".gamma") == NULL) continue;
            places[count++] = (place){row, k};
            add_rows(&model->folded, conv, (place){row, k});
        }
    }
    RP_TRY(rp_parameters_plan(&model->folded, 0, false, error));
    for (int i = 0; i < count; i++) fill_rows(model, i, places[i]);
    return RP_OK;
}
