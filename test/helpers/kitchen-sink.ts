import { pngOf } from './png.ts'

export const squareImage = `data:image/png;base64,${pngOf(40, 30).toString('base64')}`

/** A document with everything that exports have to keep, as Markdown. */
export const kitchenSink = `# Report on **everything**

Plain *italic* **bold** <u>underlined</u> ~~struck~~ \`code\` H<sub>2</sub>O x<sup>2</sup> <mark data-color="#ffee00">marked</mark> <span style="color: #c00000">red</span> [a link](https://example.com/a?b=c&d) by <span data-type="mention" data-id="u1" data-label="Ada"></span>, <span data-comment-id="c1">commented</span>.

## Lists

3. third
4. fourth
   - nested
     - deeper

- [x] done
- [ ] open

> A quote
>
> > inside a quote

### Code

\`\`\`js
const x = "#read(\\"/etc/passwd\\")" // $x$ #include
\`\`\`

***

## مرحبا بالعالم

هذا نص عربي مع English words و 123 رقم.

זה טקסט בעברית עם English באמצע.

中文：统一码。日本語の文章。한국어 문장。

Emoji: 😀 🚀

<table><tbody><tr><th colspan="2">Merged head</th><th>C</th></tr><tr><td rowspan="2">tall</td><td>b1</td><td>c1</td></tr><tr><td>b2</td><td>c2</td></tr></tbody></table>

![A grey square](${squareImage})

<div data-type="pageBreak"></div>

<div data-node="callout" data-attrs='{"tone":"warning"}'><p>Callout text</p></div>

The end.
`
