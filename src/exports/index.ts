export * from './ExportOptions.ts'
export { exportDocument, type ExportServices, type ImageFetcher } from './export-document.ts'
export { createImageFetcher, type FetchImageOptions } from './fetch-image.ts'
export { RenderPool, type RenderPoolOptions } from './RenderPool.ts'
