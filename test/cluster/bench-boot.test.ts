import t from 'tap'
import { findJdk, withoutJdk } from '../bench/boot/jdk.ts'
import { checkSmoke } from '../bench/support/run-program.ts'

const skip = findJdk() === undefined ? withoutJdk : false

t.test('the benchmark of the boot runs to its end', { skip }, async (t) => checkSmoke(t, 'boot'))

t.test('the benchmark of the scale-up runs to its end', async (t) => checkSmoke(t, 'scale-up'))
