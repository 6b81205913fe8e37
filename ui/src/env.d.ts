// What the compiler must be told about files that are not TypeScript.
declare module 'element-plus/es/components/*'
declare module 'element-plus/theme-chalk/*'
