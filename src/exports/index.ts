export * from './ExportOptions.ts'
export { exportDocument } from './export-document.ts'
export { createImageFetcher } from './fetch-image.ts'
export { RenderPool } from './RenderPool.ts'
