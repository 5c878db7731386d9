import type { FastifyInstance, FastifyRequest } from 'fastify'
import { traceRequest, type TracedSpan } from '../../extensions/tracing/index.ts'

/** Answers each request in a span that continues the caller's trace (`traceparent`, W3C Trace Context). */
export const addTracing = (app: FastifyInstance): void => {
  const spans = new WeakMap<FastifyRequest, TracedSpan>()
  app.addHook('onRequest', (request, _reply, done) => {
    const { method, routeOptions, headers } = request
    const route = routeOptions.url ?? ''
    const span = traceRequest(headers, `${method} ${route}`, {
      'http.request.method': method,
      'http.route': route,
    })
    spans.set(request, span)
    span.run(done)
  })
  // Reading the body leaves the context of the first hook.
  app.addHook('preValidation', (request, _reply, done) => {
    const span = spans.get(request)
    if (span) span.run(done)
    else done()
  })
  app.addHook('onResponse', (request, { statusCode }, done) => {
    const attributes = { 'http.response.status_code': statusCode }
    const span = spans.get(request)
    if (statusCode >= 500) span?.fail(undefined, attributes)
    else span?.end(attributes)
    if (span) span.run(done)
    else done()
  })
}
