import t from 'tap'
import { certificateBlocks } from '../../src/units/pem.ts'

const block = (text: string): string => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----`

t.test('gives the certificates of a text, in their order, and nothing of what is around them', async (t) => {
  t.strictSame(certificateBlocks(`# first\n${block('a')}\n${block('b')}`), [block('a'), block('b')])
  t.strictSame(certificateBlocks('-----BEGIN PRIVATE KEY-----\na\n-----END PRIVATE KEY-----\n'), [])
  t.strictSame(certificateBlocks(`-----BEGIN CERTIFICATE-----\ncut\n${block('a')}`), [block('a')], 'one that does not end takes none with it')
  t.strictSame(certificateBlocks(''), [])
})
