/* Preloaded into servers under test. It keeps what they open on the loopback interface, and lets a
 * program that insists on SCTP start on a kernel without it: it gets TCP. Nothing of what is tested
 * runs over those sockets. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

static void *original(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);
	if (!f)
		abort();
	return f;
}

int socket(int domain, int type, int protocol)
{
	int (*f)(int, int, int) = original("socket");
	return f(domain, type, protocol == IPPROTO_SCTP ? 0 : protocol);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
	int (*f)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = original("getaddrinfo");
	struct addrinfo tcp;
	if (hints && hints->ai_protocol == IPPROTO_SCTP) {
		tcp = *hints;
		tcp.ai_protocol = 0;
		tcp.ai_socktype = SOCK_STREAM;
		hints = &tcp;
	}
	return f(node, service, hints, result);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	int (*f)(int, int, int, const void *, socklen_t) = original("setsockopt");
	return level == IPPROTO_SCTP ? 0 : f(fd, level, name, value, length);
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	int (*f)(int, const struct sockaddr *, socklen_t) = original("bind");
	struct sockaddr_in local;
	if (address->sa_family == AF_INET && length >= sizeof(local) &&
	    ((const struct sockaddr_in *)address)->sin_addr.s_addr == htonl(INADDR_ANY)) {
		local = *(const struct sockaddr_in *)address;
		local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return f(fd, (const struct sockaddr *)&local, sizeof(local));
	}
	return f(fd, address, length);
}

int sctp_bindx(int fd, struct sockaddr *addresses, int count, int flags)
{
	(void)flags;
	if (count < 1) {
		errno = EINVAL;
		return -1;
	}
	return bind(fd, addresses, sizeof(struct sockaddr_in));
}
