import { expect, it } from 'vitest'
import { fileNameOf } from './file-name.ts'

it.each([
  ['Minutes of May', 'Minutes of May.pdf'],
  ['Zoë’s 报告 תיק 🎉', 'Zoë’s 报告 תיק 🎉.pdf'],
  ['../../etc/passwd', 'etc passwd.pdf'],
  ['a/b\\c:d*e?f"g<h>i|j', 'a b c d e f g h i j.pdf'],
  ['one\r\nSet-Cookie: x=1', 'one Set-Cookie x=1.pdf'],
  ['invoice\u202Efdp.exe', 'invoice fdp.exe.pdf'],
  ['half \uD83D', 'half \uFFFD.pdf'],
  ['...', 'document.pdf'],
  ['', 'document.pdf'],
  ['nul', '_nul.pdf'],
  ['x'.repeat(500), `${'x'.repeat(80)}.pdf`],
])('a file of the title %j is %j', (title, name) => {
  expect(fileNameOf(title, 'pdf')).toBe(name)
})
