/* model_rescale.c: weights learnt on images of one height, for images of another. Convolutions and
 * all behind the columns know nothing of the height. The map from a column's rows to its features
 * does: its weights are sampled anew along the rows, and scaled by the ratio of the heights, so
 * that an even image is answered as before. */
#include "score/model.h"

#include <math.h>
#include <string.h>

/* One output: `rows` x `channels` weights from `from_rows` x `channels`, linear between the rows'
 * middles. */
static void sample_rows(float *to, int64_t rows, const float *from, int64_t from_rows,
                        int64_t channels) {
    const double step = (double)from_rows / (double)rows;
    for (int64_t row = 0; row < rows; row++) {
        const double middle = fmax(((double)row + 0.5) * step - 0.5, 0);
        const int64_t above = (int64_t)middle < from_rows - 1 ? (int64_t)middle : from_rows - 1;
        const int64_t below = above + 1 < from_rows ? above + 1 : above;
        const double share = middle - (double)above;
        for (int64_t c = 0; c < channels; c++)
            to[row * channels + c] = (float)(step * ((1 - share) * from[above * channels + c] +
                                                     share * from[below * channels + c]));
    }
}

static bool is_same_shape(const rp_parameter *a, const rp_parameter *b) {
    return a->dims == b->dims &&
           memcmp(a->shape, b->shape, (size_t)a->dims * sizeof *a->shape) == 0;
}

/* Rows of the columns' map, if `to` and `from` are such maps of the same features; else 0. */
static int64_t rows_of(const rp_parameter *parameter, int64_t channels) {
    const bool is_map = parameter->dims == 2 && strstr(parameter->name, ".linear") != NULL;
    return is_map && parameter->shape[1] % channels == 0 ? parameter->shape[1] / channels : 0;
}

static bool take(rp_parameter *to, const rp_parameter *from, int64_t channels) {
    if (from == NULL) return false;
    const int64_t count = rp_tensor_count(&from->tensor), outputs = from->shape[0];
    if (is_same_shape(to, from)) {
        memcpy(to->tensor.data, from->tensor.data, (size_t)count * sizeof(float));
        return true;
    }
    const int64_t rows = rows_of(to, channels), from_rows = rows_of(from, channels);
    if (rows == 0 || from_rows == 0 || to->shape[0] != outputs) return false;
    for (int64_t i = 0; i < outputs; i++)
        sample_rows((float *)to->tensor.data + i * to->shape[1], rows,
                    (const float *)from->tensor.data + i * from->shape[1], from_rows, channels);
    return true;
}

/* Channels of the last convolution before the columns. */
static int64_t channels_of(const rp_configuration *configuration) {
    int64_t channels = 1;
    for (int i = 0; configuration->layers[i].kind != RP_LAYER_COLUMNS; i++)
        if (configuration->layers[i].units > 0) channels = configuration->layers[i].units;
    return channels;
}

rp_status rp_model_rescale(rp_model *model, const rp_model *from,
                           const rp_configuration *configuration, bool training, rp_error *error) {
    RP_TRY(rp_model_create(model, configuration, 0, training, error));
    rp_parameters *parameters = &model->parameters;
    bool fits = parameters->count == from->parameters.count;
    for (int i = 0; i < parameters->count && fits; i++)
        fits = take(&parameters->rows[i],
                    rp_parameters_find(&from->parameters, parameters->rows[i].name),
                    channels_of(configuration));
    if (fits && training)
        memcpy(parameters->average, parameters->values,
               (size_t)parameters->trained_count * sizeof(float));
    if (fits) return RP_OK;
    rp_model_clear(model);
    return rp_fail(error, RP_INPUT, -1, "weights of configuration '%s' do not fit '%s'",
                   from->configuration->name, configuration->name);
}
