export {
  activeTraceparent,
  continueTraces,
  inSpan,
  outsideTraces,
  startActive,
  startCaused,
  traceIdOf,
  traceRequest,
} from './trace.ts'
export type { SpanOptions, TracedSpan } from './TracedSpan.ts'
