// Where the compiler's thread starts.

import './typescript-module';
import './thread';
