export { activeTraceparent, continueTrace, inSpan, traceRequest, type SpanOptions } from './trace.ts'
