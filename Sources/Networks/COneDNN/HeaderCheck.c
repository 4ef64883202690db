// Compares what is declared here with oneDNN's own header, where one is installed: a build that disagrees fails.
#include "Version2.h"
#include "Version3.h"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #ours " is not " #theirs)

SAME(ONEDNN_DIMENSIONS, DNNL_MAX_NDIMS);
SAME(sizeof(onednn_sizes), sizeof(dnnl_dims_t));
SAME(sizeof(onednn_version), sizeof(dnnl_version_t));
SAME(offsetof(onednn_version, processor_runtime), offsetof(dnnl_version_t, cpu_runtime));
SAME(sizeof(onednn_argument), sizeof(dnnl_exec_arg_t));
SAME(offsetof(onednn_argument, memory), offsetof(dnnl_exec_arg_t, memory));
SAME(sizeof(int), sizeof(dnnl_status_t));
SAME(sizeof(int), sizeof(dnnl_data_type_t));
SAME(sizeof(int), sizeof(dnnl_alg_kind_t));
SAME(ONEDNN_RUNTIME_SEQUENTIAL, DNNL_RUNTIME_SEQ);
SAME(ONEDNN_RUNTIME_OPENMP, DNNL_RUNTIME_OMP);
SAME(ONEDNN_PROCESSOR, dnnl_cpu);
SAME(ONEDNN_STREAM_DEFAULT, dnnl_stream_default_flags);
SAME(ONEDNN_SCRATCHPAD_USER, dnnl_scratchpad_mode_user);
SAME(ONEDNN_TYPE_OF_DESTINATION, dnnl_data_type_undef);
SAME(ONEDNN_BFLOAT16, dnnl_bf16);
SAME(ONEDNN_FLOAT32, dnnl_f32);
SAME(ONEDNN_ORDER_ANY, dnnl_format_tag_any);
SAME(ONEDNN_FORWARD_TRAINING, dnnl_forward_training);
SAME(ONEDNN_CONVOLUTION_DIRECT, dnnl_convolution_direct);
SAME(ONEDNN_POOLING_MAXIMUM, dnnl_pooling_max);
SAME(ONEDNN_POOLING_AVERAGE_WITH_PADDING, dnnl_pooling_avg_include_padding);
SAME(ONEDNN_POOLING_AVERAGE, dnnl_pooling_avg_exclude_padding);
SAME(ONEDNN_BINARY_ADD, dnnl_binary_add);
SAME(ONEDNN_QUERY_IMPLEMENTATION, dnnl_query_impl_info_str);
SAME(ONEDNN_QUERY_SOURCE, dnnl_query_src_md);
SAME(ONEDNN_QUERY_SOURCE_GRADIENT, dnnl_query_diff_src_md);
SAME(ONEDNN_QUERY_WEIGHTS, dnnl_query_weights_md);
SAME(ONEDNN_QUERY_WEIGHT_GRADIENT, dnnl_query_diff_weights_md);
SAME(ONEDNN_QUERY_DESTINATION, dnnl_query_dst_md);
SAME(ONEDNN_QUERY_DESTINATION_GRADIENT, dnnl_query_diff_dst_md);
SAME(ONEDNN_QUERY_WORKSPACE, dnnl_query_workspace_md);
SAME(ONEDNN_QUERY_SCRATCHPAD, dnnl_query_scratchpad_md);
SAME(ONEDNN_QUERY_ARGUMENT, dnnl_query_exec_arg_md);
SAME(ONEDNN_ARGUMENT_SOURCE, DNNL_ARG_SRC);
SAME(ONEDNN_ARGUMENT_SOURCE, DNNL_ARG_FROM);
SAME(ONEDNN_ARGUMENT_SECOND_SOURCE, DNNL_ARG_SRC_1);
SAME(ONEDNN_ARGUMENT_DESTINATION, DNNL_ARG_DST);
SAME(ONEDNN_ARGUMENT_DESTINATION, DNNL_ARG_TO);
SAME(ONEDNN_ARGUMENT_WEIGHTS, DNNL_ARG_WEIGHTS);
SAME(ONEDNN_ARGUMENT_BIAS, DNNL_ARG_BIAS);
SAME(ONEDNN_ARGUMENT_WORKSPACE, DNNL_ARG_WORKSPACE);
SAME(ONEDNN_ARGUMENT_SCRATCHPAD, DNNL_ARG_SCRATCHPAD);
SAME(ONEDNN_ARGUMENT_SOURCE_GRADIENT, DNNL_ARG_DIFF_SRC);
SAME(ONEDNN_ARGUMENT_DESTINATION_GRADIENT, DNNL_ARG_DIFF_DST);
SAME(ONEDNN_ARGUMENT_WEIGHT_GRADIENT, DNNL_ARG_DIFF_WEIGHTS);
SAME(ONEDNN_ARGUMENT_BIAS_GRADIENT, DNNL_ARG_DIFF_BIAS);
SAME(ONEDNN_ISA_SSE41, dnnl_cpu_isa_sse41);
SAME(ONEDNN_ISA_AVX2, dnnl_cpu_isa_avx2);
SAME(ONEDNN_ISA_AVX512, dnnl_cpu_isa_avx512_core);
SAME(ONEDNN_ISA_AVX512_BFLOAT16, dnnl_cpu_isa_avx512_core_bf16);

#if DNNL_VERSION_MAJOR == 2
SAME(sizeof(onednn_description_2), sizeof(dnnl_memory_desc_t));
SAME(offsetof(onednn_description_2, sizes), offsetof(dnnl_memory_desc_t, dims));
SAME(offsetof(onednn_description_2, padded_sizes), offsetof(dnnl_memory_desc_t, padded_dims));
SAME(offsetof(onednn_description_2, blocking.strides), offsetof(dnnl_memory_desc_t, format_desc.blocking.strides));
SAME(offsetof(onednn_description_2, blocking.blocks), offsetof(dnnl_memory_desc_t, format_desc.blocking.inner_nblks));
SAME(
    offsetof(onednn_description_2, blocking.block_sizes), offsetof(dnnl_memory_desc_t, format_desc.blocking.inner_blks));
SAME(
    offsetof(onednn_description_2, blocking.block_dimensions),
    offsetof(dnnl_memory_desc_t, format_desc.blocking.inner_idxs));
_Static_assert(sizeof(dnnl_matmul_desc_t) <= sizeof(onednn_operation_2), "a product needs more room");
_Static_assert(sizeof(dnnl_convolution_desc_t) <= sizeof(onednn_operation_2), "a convolution needs more room");
_Static_assert(sizeof(dnnl_pooling_v2_desc_t) <= sizeof(onednn_operation_2), "pooling needs more room");
_Static_assert(sizeof(dnnl_eltwise_desc_t) <= sizeof(onednn_operation_2), "an activation needs more room");
_Static_assert(sizeof(dnnl_binary_desc_t) <= sizeof(onednn_operation_2), "an addition needs more room");
SAME(ONEDNN_2_A, dnnl_a);
SAME(ONEDNN_2_A + 1, dnnl_ab);
SAME(ONEDNN_2_A + 2, dnnl_abc);
SAME(ONEDNN_2_A + 3, dnnl_abcd);
SAME(ONEDNN_2_ABCDE, dnnl_abcde);
SAME(ONEDNN_2_BA, dnnl_ba);
SAME(ONEDNN_2_RELU, dnnl_eltwise_relu);
SAME(ONEDNN_2_TANH, dnnl_eltwise_tanh);
SAME(ONEDNN_2_SIGMOID, dnnl_eltwise_logistic);
SAME(ONEDNN_2_CLIPPED, dnnl_eltwise_clip);
SAME(ONEDNN_2_FIRST_POST_OP, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0));
SAME(ONEDNN_2_AMX, dnnl_cpu_isa_avx512_core_amx);
#elif DNNL_VERSION_MAJOR == 3
SAME(ONEDNN_3_A, dnnl_a);
SAME(ONEDNN_3_A + 1, dnnl_ab);
SAME(ONEDNN_3_A + 2, dnnl_abc);
SAME(ONEDNN_3_A + 3, dnnl_abcd);
SAME(ONEDNN_3_A + 4, dnnl_abcde);
SAME(ONEDNN_3_BA, dnnl_ba);
SAME(ONEDNN_3_RELU, dnnl_eltwise_relu);
SAME(ONEDNN_3_TANH, dnnl_eltwise_tanh);
SAME(ONEDNN_3_SIGMOID, dnnl_eltwise_logistic);
SAME(ONEDNN_3_CLIPPED, dnnl_eltwise_clip);
SAME(ONEDNN_3_FIRST_POST_OP, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0));
SAME(ONEDNN_3_AMX, dnnl_cpu_isa_avx512_core_amx);
SAME(ONEDNN_3_QUERY_STRIDES, dnnl_query_strides);
SAME(ONEDNN_3_QUERY_DIMENSIONS, dnnl_query_ndims_s32);
SAME(ONEDNN_3_QUERY_SIZES, dnnl_query_dims);
SAME(ONEDNN_3_QUERY_PADDED_SIZES, dnnl_query_padded_dims);
SAME(ONEDNN_3_QUERY_BLOCKS, dnnl_query_inner_nblks_s32);
SAME(ONEDNN_3_QUERY_BLOCK_SIZES, dnnl_query_inner_blks);
SAME(ONEDNN_3_QUERY_BLOCK_DIMENSIONS, dnnl_query_inner_idxs);
#endif
#endif
