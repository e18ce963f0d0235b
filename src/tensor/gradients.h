/* gradients.h: what the walk back needs of each row's gradient. Private to src/tensor. */
#ifndef RP_TENSOR_GRADIENTS_H
#define RP_TENSOR_GRADIENTS_H

#include "tensor/tape.h"

/* A node that only gives another shape to the same numbers. */
#define RP_TAPE_VIEW RP_OP_COUNT

/* Calls the rule of the node's row with the gradient of its first output. */
void rp_gradient_apply(rp_tape *tape, const rp_node *node, rp_tensor *gy);

/* Adds `g` to the gradient of `input`, if that needs one. */
void rp_tape_give(rp_tape *tape, const rp_tensor *input, rp_tensor *g);

/* The bilinear partners of conv2d and the rows behind embedding; recorded like any other. */
rp_tensor *rp_tape_conv2d_data(rp_tape *tape, rp_tensor *gy, rp_tensor *w, const rp_attr *attr,
                               const rp_tensor *like);
rp_tensor *rp_tape_conv2d_weights(rp_tape *tape, rp_tensor *x, rp_tensor *gy, const rp_attr *attr,
                                  const rp_tensor *like);
rp_tensor *rp_tape_conv2d_attr(rp_tape *tape, rp_tensor *x, rp_tensor *w, const rp_attr *attr,
                               const rp_tensor *like);
rp_tensor *rp_tape_embedding_backward(rp_tape *tape, rp_tensor *gy, rp_tensor *ids,
                                      const rp_tensor *like);
/* Sum over leading axes to the shape and type of `like`. */
rp_tensor *rp_tape_sum_like(rp_tape *tape, rp_tensor *x, const rp_tensor *like);

#endif
