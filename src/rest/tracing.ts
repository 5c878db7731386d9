import { context, SpanStatusCode } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { traceRequest } from '../../extensions/tracing/index.ts'

/** Answers each request in a span that continues the caller's trace (`traceparent`, W3C Trace Context). */
export const addTracing = (app: FastifyInstance): void => {
  const traces = new WeakMap<FastifyRequest, ReturnType<typeof traceRequest>>()
  app.addHook('onRequest', (request, _reply, done) => {
    const { method, routeOptions, headers } = request
    const route = routeOptions.url ?? ''
    const trace = traceRequest(headers, `${method} ${route}`, {
      'http.request.method': method,
      'http.route': route,
    })
    traces.set(request, trace)
    context.with(trace.context, done)
  })
  // Reading the body leaves the context of the first hook.
  app.addHook('preValidation', (request, _reply, done) => {
    const trace = traces.get(request)
    if (trace) context.with(trace.context, done)
    else done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const span = traces.get(request)?.span
    span?.setAttribute('http.response.status_code', reply.statusCode)
    if (reply.statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR })
    span?.end()
    done()
  })
}
