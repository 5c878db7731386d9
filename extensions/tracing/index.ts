export {
  activeTraceparent,
  continueTraces,
  inSpan,
  outsideTraces,
  startActive,
  startCaused,
  traceRequest,
} from './trace.ts'
export type { SpanOptions, TracedSpan } from './TracedSpan.ts'
