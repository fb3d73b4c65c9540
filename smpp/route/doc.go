// Package route picks the link by which a message goes to an operator, and paces the links.
//
// An operator is reached by one or several links; a link may serve several operators, as a hub's does.
// A [Table] knows which. Its [Way] to an operator takes a message when a link may have it now:
//
//   - the link is bound and in good health; one that answers nothing, or only with errors, is passed over
//     until a few trial messages were accepted ([health]);
//   - its window has a free slot and its rate a token. The last slots and tokens are kept for messages
//     that cannot wait, such as the confirmation of an eUICC's notice ([Class]);
//   - messages to one destination that are under way stay on one link, so that they do not overtake each other.
//
// Among the links that may have it the weights decide. A link of weight 0 stands by: it is used when no other can.
//
// The rate of a link is a token bucket. While the SMSC refuses messages because they are too many, the rate follows
// what it accepts, and climbs back afterwards ([pacer]).
package route
