"""Reading: any modeller's file becomes one model, or says where and why not."""
