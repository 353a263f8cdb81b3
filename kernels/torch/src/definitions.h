// What each source file adds to the module's exports.
#pragma once

namespace detlab {

void definePrecision();
void defineMemory();
void defineElementwise();
void defineReductions();
void defineShapes();
void defineIndexing();
void defineConvolution();
void definePooling();
void defineDetectionConvolution();
void defineBatchNorm();
void defineDeformConvolution();
void defineDeformAttention();
void defineRoiAlign();
void defineFocalLoss();
void defineNms();
void defineAutograd();
void defineOptimizer();
void defineTransformer();
void defineProfile();
void defineProcessGroup();
void defineGradientBuckets();
void defineImageBatch();

}  // namespace detlab
