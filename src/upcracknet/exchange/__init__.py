"""Results for other programs, and corrections from them: COCO, CVAT, Label Studio, plain masks."""
