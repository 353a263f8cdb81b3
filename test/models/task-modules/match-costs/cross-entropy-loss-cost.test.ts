import { testMaskCosts } from './cases';

testMaskCosts('CrossEntropyLossCost');
