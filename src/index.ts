export { CodraftError, errorCatalogue, type ErrorCode } from '../extensions/errors.ts'
export { loadConfig, type Config } from './config.ts'
export { createLogger, type Logger } from './logger.ts'
export { startServer, type CodraftServer, type ServerOptions } from './server/server.ts'
