// A child process of the RenderPool: renders one document after another, until the pool lets it go.
import { CodraftError } from '../../extensions/errors.ts'
import { renderDocx } from './render-docx.ts'
import { renderPdf } from './render-pdf.ts'
import type { RenderAnswer, RenderRequest } from './RenderProtocol.ts'

const answer = async ({ format, document, images }: RenderRequest): Promise<RenderAnswer> => {
  try {
    return format === 'pdf' ? renderPdf(document, images) : await renderDocx(document, images)
  } catch (error) {
    if (error instanceof CodraftError) {
      return { errorCode: error.errorCode, detail: error.message.slice(error.errorCode.length + 2) }
    }
    return {
      errorCode: 'CODRAFT_EXPORT_FAILED',
      detail: error instanceof Error ? error.message : String(error),
    }
  }
}

process.on('message', (request: RenderRequest) => {
  void answer(request).then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit(0))
