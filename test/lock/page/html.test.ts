import t from 'tap'
import { html } from '../../../src/lock/page/html.ts'

t.test('escapes what is put in, in text and in attributes', async (t) => {
  const name = `<b title="x">'&amp;'</b>`
  const escaped = '&lt;b title=&quot;x&quot;&gt;&#39;&amp;amp;&#39;&lt;/b&gt;'
  t.equal(html`<p title="${name}">${name}</p>`.toString(), `<p title="${escaped}">${escaped}</p>`)
})

t.test('takes HTML as it is, once', async (t) => {
  const inner = html`<i>${'<'}</i>`
  t.equal(html`<p>${inner}${inner}</p>`.toString(), '<p><i>&lt;</i><i>&lt;</i></p>')
})

t.test('writes lists without anything between, and escapes their items', async (t) => {
  t.equal(html`${['<', html`<br>`, [1, '&']]}`.toString(), '&lt;<br>1&amp;')
})

t.test('writes numbers, 0 too, and nothing for undefined and false', async (t) => {
  t.equal(html`${0}|${1.5}|${undefined}|${false}|${''}|${[]}`.toString(), '0|1.5||||')
})

t.test('a template without contents is what it says', async (t) => {
  t.equal(html`<br>`.toString(), '<br>')
})
