export {
  activeTraceparent,
  continueTraces,
  inSpan,
  outsideTraces,
  startCaused,
  traceRequest,
} from './trace.ts'
export type { SpanOptions, TracedSpan } from './TracedSpan.ts'
