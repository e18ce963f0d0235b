/* score_evaluate.c: rp_score_evaluate. */
#include "reprise/score.h"
#include "score/evaluation.h"

rp_status rp_score_evaluate(rp_score_figures *figures, const rp_score_evaluate_options *options,
                            const rp_progress *progress, rp_error *error) {
    rp_model model = {0};
    rp_device *device = NULL;
    rp_reader reader = {0};
    rp_dataset set = {0};
    rp_evaluation e;
    rp_reader_options how = rp_reader_defaults();
    how.dtype = options->full_precision ? RP_F32 : RP_BF16;
    how.free_grammar = options->free_grammar;
    rp_status status = rp_model_open(&model, options->model, false, error);
    if (status == RP_OK) status = rp_device_create_cpu(&device, (unsigned)options->threads, error);
    if (status == RP_OK) {
        const rp_dataset_options load = {.split = options->split,
                                         .limit = options->limit,
                                         .height = model.configuration->height,
                                         .progress = progress};
        status = rp_dataset_load(&set, options->data, &load, error);
    }
    if (status == RP_OK) status = rp_reader_init(&reader, &model, device, &how, error);
    if (status == RP_OK) status = rp_evaluate(&e, &reader, &set, NULL, NULL, progress, error);
    if (status == RP_OK)
        *figures =
            (rp_score_figures){.ser = rp_ser_percent(&e.ser),
                               .ser_no_tuplets = rp_ser_percent_without_tuplets(&e.ser),
                               .cut_right = 100.0 * e.cut_right / (e.systems > 0 ? e.systems : 1),
                               .seconds = e.seconds,
                               .systems = e.systems};
    rp_reader_clear(&reader);
    rp_dataset_clear(&set);
    rp_device_destroy(device);
    rp_model_clear(&model);
    return status;
}
